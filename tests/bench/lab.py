# SPDX-License-Identifier: BSD-3-Clause
"""A lab: client, relay and peer, each a network namespace, joined by two veth pairs.

    client ns                 relay ns                     peer ns
    CLIENT  cl-NAME ------ rc-NAME  SERVER
                           rp-NAME  RELAY ------ pe-NAME  PEER

Every path has a lab of its own, so that one path's netfilter rules, routes and sockets cost the others nothing. The
labs look alike: same addresses, same MAC addresses. Nothing but what is measured happens in them: neighbours are
permanent, IPv6 addresses need no duplicate address detection.
"""

import contextlib
import ctypes
import functools
import os
import subprocess

MAC = {"cl": "02:00:00:00:00:0c", "rc": "02:00:00:00:01:01", "rp": "02:00:00:00:01:02", "pe": "02:00:00:00:00:0e"}
# What the relay's devices are joined to.
NEIGHBOUR = {"rc": "cl", "rp": "pe"}
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


class Addresses:
    """The four addresses of one IP version."""

    def __init__(self, name, client, server, relay, peer, prefix):
        self.name = name
        self.client, self.server, self.relay, self.peer, self.prefix = client, server, relay, peer, prefix


IPV4 = Addresses("IPv4", "10.0.1.2", "10.0.1.1", "10.0.2.1", "10.0.2.2", 24)
# Not unique local addresses: the newest coturn takes none of these for a peer, whatever it is told.
IPV6 = Addresses("IPv6", "2001:db8:1::2", "2001:db8:1::1", "2001:db8:2::1", "2001:db8:2::2", 64)


def mac_bytes(end):
    return bytes.fromhex(MAC[end].replace(":", ""))


def ip(*args, batch=None):
    """Runs ip(8), with a list of commands for its -batch if given."""
    command = ["ip", *args] + (["-batch", "-"] if batch else [])
    subprocess.run(command, input="\n".join(batch) if batch else None, text=True, check=True)


@contextlib.contextmanager
def netns(name):
    """Runs a block in a network namespace; processes started in it stay there."""
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{name}") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        try:
            yield
        finally:
            if libc.setns(home.fileno(), CLONE_NEWNET):
                os._exit(1)


def spread_neighbours(buckets=4096):
    """Has the tables of neighbours grow, once, before any lab.

    They are the whole host's and begin with 8 buckets. Which neighbours of all labs share one is chance, of each boot, and
    a packet that has to go past somebody else's pays for it. A table that has grown keeps its size."""
    ip("netns", "add", "neighbours")
    ip("-netns", "neighbours", batch=["link add here type veth peer name there", "link set here up"] + [
        f"neighbour add {network}{number >> 8}{mark}{number & 255:{form}} lladdr {MAC['cl']} dev here nud permanent"
        for network, mark, form in (("10.9.", ".", "d"), ("fe80::", ":", "x")) for number in range(buckets)])
    ip("netns", "delete", "neighbours")


class Lab:
    def __init__(self, name):
        self.name = name  # at most 12 characters: device names have 15
        for namespace in sorted({self.ns(role) for role in ("client", "relay", "peer")}):
            ip("netns", "add", namespace)
        ip(batch=[f"link add {self.dev(relay)} netns {self.ns('relay')} address {MAC[relay]} type veth"
                  f" peer name {self.dev(far)} netns {self.ns(role)} address {MAC[far]}"
                  for relay, far, role in (("rc", "cl", "client"), ("rp", "pe", "peer"))])
        self._configure("client", [("cl", "client", "rc", "server")], gateway="server")
        self._configure("relay", [("rc", "server", "cl", "client"), ("rp", "relay", "pe", "peer")])
        self._configure("peer", [("pe", "peer", "rp", "relay")], gateway="relay")
        self.sysctl("relay", "net/ipv4/ip_forward", 1)
        self.sysctl("relay", "net/ipv6/conf/all/forwarding", 1)

    def ns(self, role):
        return f"{role}-{self.name}"

    def dev(self, end):
        return f"{end}-{self.name}"

    def sysctl(self, role, name, value):
        with netns(self.ns(role)), open(f"/proc/sys/{name}", "w") as file:
            file.write(str(value))

    def _configure(self, role, ends, gateway=None):
        """Addresses, neighbours and routes of one namespace; ends: (device, own, neighbour's device, neighbour)."""
        batch = ["link set lo up"]
        for end, own, other_end, other in ends:
            dev = self.dev(end)
            batch.append(f"link set {dev} up")
            for family in (IPV4, IPV6):
                nodad = "nodad" if family is IPV6 else ""
                batch.append(f"address add {getattr(family, own)}/{family.prefix} dev {dev} {nodad}")
                batch.append(f"neighbour replace {getattr(family, other)} lladdr {MAC[other_end]} dev {dev}"
                             " nud permanent")
        if gateway:
            batch.append(f"route add default via {getattr(IPV4, gateway)}")
            batch.append(f"route add default via {getattr(IPV6, gateway)}")
        ip("-netns", self.ns(role), batch=batch)


@functools.cache
def get(name):
    """The lab of that name; made when first asked for."""
    return Lab(name)
