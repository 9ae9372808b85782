# SPDX-License-Identifier: BSD-3-Clause
"""What a running kernel says of a generic netlink family: its commands, groups and policies."""
import socket
import struct

NETLINK_GENERIC = 16
GENL_ID_CTRL = 16
CTRL_CMD_GETFAMILY, CTRL_CMD_GETPOLICY = 3, 10
(CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_VERSION, CTRL_ATTR_HDRSIZE, CTRL_ATTR_MAXATTR, CTRL_ATTR_OPS,
 CTRL_ATTR_MCAST_GROUPS, CTRL_ATTR_POLICY, CTRL_ATTR_OP_POLICY) = range(1, 10)
CTRL_ATTR_OP_ID, CTRL_ATTR_OP_FLAGS = 1, 2
CTRL_ATTR_MCAST_GRP_NAME = 1
CTRL_ATTR_POLICY_DO, CTRL_ATTR_POLICY_DUMP = 1, 2
GENL_ADMIN_PERM, GENL_CMD_CAP_DO, GENL_CMD_CAP_DUMP, GENL_CMD_CAP_HASPOL = 1, 2, 4, 8

(POLICY_TYPE, POLICY_MIN_S, POLICY_MAX_S, POLICY_MIN_U, POLICY_MAX_U, POLICY_MIN_LEN, POLICY_MAX_LEN, POLICY_IDX,
 POLICY_MAXTYPE) = range(1, 10)
TYPE_NAMES = {1: "flag", 2: "u8", 3: "u16", 4: "u32", 5: "u64", 10: "binary", 11: "string", 12: "string", 13: "nest"}

NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3


def attributes(data):
    """(type, payload) of each attribute."""
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4 or length > len(data):
            raise ValueError("broken attribute")
        yield kind & 0x3fff, data[4:length]
        data = data[(length + 3) & ~3:]


def nest(data):
    return dict(attributes(data))


def number(data):
    return int.from_bytes(data, "little" if struct.pack("=H", 1)[0] else "big")


def text(data):
    return data.rstrip(b"\0").decode()


def dump(command, payload):
    """Ask the controller for a list; yields the attributes of each answer."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as sock:
        sock.settimeout(5)
        sock.bind((0, 0))
        body = struct.pack("=BBH", command, 1, 0) + payload
        sock.send(struct.pack("=IHHII", 16 + len(body), GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + body)
        while True:
            data = sock.recv(65536)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                message, data = data[16:length], data[(length + 3) & ~3:]
                if kind == NLMSG_ERROR:
                    raise OSError(-struct.unpack_from("=i", message)[0], "netlink")
                if kind == NLMSG_DONE:
                    return
                yield list(attributes(message[4:]))


class Family:
    """A family as the kernel describes it."""

    def __init__(self, name):
        found = [dict(a) for a in dump(CTRL_CMD_GETFAMILY, b"") if text(dict(a)[CTRL_ATTR_FAMILY_NAME]) == name]
        if not found:
            raise LookupError(f"the kernel has no netlink family {name}: the module is not loaded")
        family = found[0]
        self.id = number(family[CTRL_ATTR_FAMILY_ID])
        self.version = number(family[CTRL_ATTR_VERSION])
        self.header_size = number(family[CTRL_ATTR_HDRSIZE])
        operations = (nest(data) for _, data in attributes(family[CTRL_ATTR_OPS]))
        self.flags = {number(o[CTRL_ATTR_OP_ID]): number(o[CTRL_ATTR_OP_FLAGS]) for o in operations}
        groups = family.get(CTRL_ATTR_MCAST_GROUPS, b"")
        self.groups = [text(nest(data)[CTRL_ATTR_MCAST_GRP_NAME]) for _, data in attributes(groups)]
        self.policies, self.uses = {}, {}
        self.read_policies()

    def read_policies(self):
        """Fill policies (index: {attribute: properties}) and uses (command: {do or dump: index})."""
        payload = struct.pack("=HHHxx", 6, CTRL_ATTR_FAMILY_ID, self.id)
        for answer in dump(CTRL_CMD_GETPOLICY, payload):
            for kind, data in answer:
                if kind == CTRL_ATTR_OP_POLICY:
                    for command, use in attributes(data):
                        self.uses[command] = {k: number(v) for k, v in attributes(use)}
                elif kind == CTRL_ATTR_POLICY:
                    for index, policy in attributes(data):
                        entries = self.policies.setdefault(index, {})
                        entries.update({a: nest(properties) for a, properties in attributes(policy)})

    def policy(self, index):
        """A policy in the shape of contract.Contract.policy()."""
        return {attribute: self.properties(raw) for attribute, raw in self.policies.get(index, {}).items()}

    def properties(self, raw):
        kind = TYPE_NAMES.get(number(raw[POLICY_TYPE]), f"type {number(raw[POLICY_TYPE])}")
        if kind.startswith("u"):
            return {"type": kind, "min": number(raw[POLICY_MIN_U]), "max": number(raw[POLICY_MAX_U])}
        if kind == "nest":
            return {"type": kind, "policy": self.policy(number(raw[POLICY_IDX]))}
        return {"type": kind, "min-len": number(raw.get(POLICY_MIN_LEN, b"")),
                "max-len": number(raw.get(POLICY_MAX_LEN, b""))}
