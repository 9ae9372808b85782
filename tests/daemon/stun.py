# SPDX-License-Identifier: BSD-3-Clause
"""Enough of a TURN client (RFC 8489, RFC 8656) to ask a server unusual things. Independent of kturn's own codec."""
import base64
import hashlib
import hmac
import os
import socket
import struct

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, CREATE_PERMISSION, CHANNEL_BIND = 0x001, 0x003, 0x004, 0x006, 0x008, 0x009
DATA = 0x007
SUCCESS, ERROR, INDICATION = 0x100, 0x110, 0x010
USERNAME, INTEGRITY, ERROR_CODE, CHANNEL_NUMBER, LIFETIME = 0x0006, 0x0008, 0x0009, 0x000C, 0x000D
PEER_ADDRESS, DATA_ATTR, REALM, NONCE, RELAYED_ADDRESS = 0x0012, 0x0013, 0x0014, 0x0015, 0x0016
ADDRESS_FAMILY, EVEN_PORT, TRANSPORT, DONT_FRAGMENT, MAPPED = 0x0017, 0x0018, 0x0019, 0x001A, 0x0020
TOKEN, ICMP = 0x0022, 0x8004
INTEGRITY_SHA256, PASSWORD_ALGORITHM, USERHASH, PASSWORD_ALGORITHMS = 0x001C, 0x001D, 0x001E, 0x8002
ACCESS_TOKEN, THIRD_PARTY, ALTERNATE_SERVER = 0x001B, 0x802E, 0x8023
MD5, SHA256 = 1, 2
UDP = (TRANSPORT, bytes([17, 0, 0, 0]))
IPV4, IPV6 = bytes([1, 0, 0, 0]), bytes([2, 0, 0, 0])


def family_of(ip):
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def message(kind, attributes=(), key=None, txid=None, integrity=INTEGRITY):
    """A message; with a key, integrity is its last attribute."""
    txid = txid or os.urandom(12)
    body = b"".join(attribute(*a) for a in attributes)
    if key:
        digest = hashlib.sha1 if integrity == INTEGRITY else hashlib.sha256
        head = struct.pack("!HHI", kind, len(body) + 4 + digest().digest_size, COOKIE) + txid
        body += attribute(integrity, hmac.new(key, head + body, digest).digest())
    return struct.pack("!HHI", kind, len(body), COOKIE) + txid + body


def xor_address(ip, port, txid):
    family = family_of(ip)
    packed = socket.inet_pton(family, ip)
    mask = struct.pack("!I", COOKIE) + txid
    return struct.pack("!BBH", 0, 1 if family == socket.AF_INET else 2, port ^ COOKIE >> 16) + \
        bytes(a ^ b for a, b in zip(packed, mask))


def read_xor_address(value, txid):
    family = socket.AF_INET if value[1] == 1 else socket.AF_INET6
    mask = struct.pack("!I", COOKIE) + txid
    packed = bytes(a ^ b for a, b in zip(value[4:], mask))
    return socket.inet_ntop(family, packed), struct.unpack("!H", value[2:4])[0] ^ COOKIE >> 16


class Answer:
    """A received message, taken apart."""

    def __init__(self, data):
        self.kind, length, cookie = struct.unpack("!HHI", data[:8])
        if cookie != COOKIE or length + 20 != len(data):
            raise ValueError("not a STUN message")
        self.data = data
        self.txid = data[8:20]
        self.attributes = {}
        self.offsets = {}
        at = 20
        while at < len(data):
            kind, size = struct.unpack("!HH", data[at:at + 4])
            self.attributes.setdefault(kind, data[at + 4:at + 4 + size])
            self.offsets.setdefault(kind, at)
            at += 4 + size + -size % 4

    @property
    def error(self):
        """The error code; 0 for a success."""
        value = self.attributes.get(ERROR_CODE)
        return value[2] % 8 * 100 + value[3] if value else 0

    def signed_with(self, key, integrity=INTEGRITY):
        """Is that integrity attribute there, and right?"""
        if integrity not in self.attributes:
            return False
        at = self.offsets[integrity]
        end = at + 4 + len(self.attributes[integrity])
        covered = self.data[:2] + struct.pack("!H", end - 20) + self.data[4:at]
        digest = hashlib.sha1 if integrity == INTEGRITY else hashlib.sha256
        return hmac.compare_digest(self.attributes[integrity], hmac.new(key, covered, digest).digest())

    def address(self, kind):
        return read_xor_address(self.attributes[kind], self.txid)


class Client:
    """A client on a connected socket, so that only answers from the address it asked are heard.

    It keeps its port to the end of the run: a later one on the same port would meet its allocation."""

    ports_in_use = []

    def __init__(self, server, port=3478, user="alice", password="secret", source=None):
        self.socket = socket.socket(family_of(server), socket.SOCK_DGRAM)
        self.socket.settimeout(5)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((server, port))
        self.ports_in_use.append(self.socket)
        self.user, self.password = user, password
        self.realm = self.nonce = None
        self.waiting = []

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.send(data)

    def receive(self):
        """Any datagram, those that came between first."""
        return self.waiting.pop(0) if self.waiting else self.socket.recv(65536)

    def receive_data(self):
        """The next datagram that does not tell of an ICMP error."""
        while True:
            data = self.receive()
            if data[:2] != struct.pack("!H", DATA | INDICATION) or ICMP not in Answer(data).attributes:
                return data

    def key(self):
        return hashlib.md5(b":".join([self.user.encode(), self.realm, self.password.encode()])).digest()

    def signed(self, kind, attributes=(), txid=None):
        if not self.realm:
            return message(kind, attributes, txid=txid)
        login = [(USERNAME, self.user.encode()), (REALM, self.realm), (NONCE, self.nonce)]
        return message(kind, [*attributes, *login], self.key(), txid)

    def exchange(self, data):
        """Sends a request until its response comes, as RFC 8489 6.2.1 says; other datagrams are kept."""
        for _ in range(3):
            self.send(data)
            while True:
                try:
                    reply = self.socket.recv(65536)
                except (TimeoutError, ConnectionRefusedError):
                    break
                if reply[8:20] == data[8:20] and reply[0] < 4:
                    return Answer(reply)
                self.waiting.append(reply)
        raise TimeoutError("no answer from the server")

    def learn(self, challenge):
        self.realm, self.nonce = challenge.attributes[REALM], challenge.attributes[NONCE]

    def request(self, kind, attributes=(), txid=None):
        """A request, with the challenge answered."""
        answer = self.exchange(self.signed(kind, attributes, txid))
        if answer.error in (401, 438):
            self.learn(answer)
            answer = self.exchange(self.signed(kind, attributes, txid and os.urandom(12)))
        return answer

    def allocate(self, *attributes):
        return self.request(ALLOCATE, [UDP, *attributes])

    def peer_request(self, kind, ip, port, *attributes):
        txid = os.urandom(12)
        answer = self.request(kind, [*attributes, (PEER_ADDRESS, xor_address(ip, port, txid))], txid)
        return answer

    def permit(self, ip):
        return self.peer_request(CREATE_PERMISSION, ip, 0)

    def bind(self, number, ip, port):
        return self.peer_request(CHANNEL_BIND, ip, port, (CHANNEL_NUMBER, struct.pack("!HH", number, 0)))

    def send_indication(self, ip, port, payload, *attributes):
        txid = os.urandom(12)
        self.send(message(SEND | INDICATION, [(PEER_ADDRESS, xor_address(ip, port, txid)), (DATA_ATTR, payload),
                                              *attributes], txid=txid))

    def send_channel(self, number, payload):
        self.send(struct.pack("!HH", number, len(payload)) + payload)


class ModernClient(Client):
    """A client that takes what RFC 8489 9.2.5 adds, if it is offered, and holds the server to 9.2.4."""

    algorithms = None
    features = 0

    def learn(self, challenge):
        super().learn(challenge)
        cookie = self.nonce.startswith(b"obMatJos2")
        self.features = int.from_bytes(base64.b64decode(self.nonce[9:13]), "big") if cookie else 0
        self.algorithms = challenge.attributes.get(PASSWORD_ALGORITHMS)
        if bool(self.features >> 23) != bool(self.algorithms):
            raise ValueError("the nonce cookie says otherwise than PASSWORD-ALGORITHMS")

    @property
    def hashes_name(self):
        return self.features >> 22 & 1

    @property
    def algorithm(self):
        """The first of those offered; it knows both."""
        return struct.unpack("!H", self.algorithms[:2])[0] if self.algorithms else None

    def key(self):
        digest = hashlib.sha256 if self.algorithm == SHA256 else hashlib.md5
        return digest(b":".join([self.user.encode(), self.realm, self.password.encode()])).digest()

    def signed(self, kind, attributes=(), txid=None):
        if not self.realm:
            return message(kind, attributes, txid=txid)
        name = (USERHASH, hashlib.sha256(self.user.encode() + b":" + self.realm).digest()) if self.hashes_name else \
            (USERNAME, self.user.encode())
        login = [name, (REALM, self.realm), (NONCE, self.nonce)]
        if self.algorithms:
            login += [(PASSWORD_ALGORITHMS, self.algorithms),
                      (PASSWORD_ALGORITHM, struct.pack("!HH", self.algorithm, 0))]
        return message(kind, [*attributes, *login], self.key(), txid, self.integrity)

    @property
    def integrity(self):
        return INTEGRITY_SHA256 if self.algorithms else INTEGRITY

    def request(self, kind, attributes=(), txid=None):
        answer = super().request(kind, attributes, txid)
        if not answer.error and not answer.signed_with(self.key(), self.integrity):
            raise ValueError("the response is not signed as it must be")
        return answer


class StreamClient(Client):
    """A client on a TCP connection, or on one that @wrap makes of it."""

    def __init__(self, server, port=3478, user="alice", password="secret", wrap=None, source=None):
        self.socket = socket.socket(family_of(server), socket.SOCK_STREAM)
        self.socket.settimeout(5)
        if source:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(source)
        self.socket.connect((server, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if wrap:
            self.socket = wrap(self.socket)
        self.user, self.password = user, password
        self.realm = self.nonce = None
        self.waiting = []
        self.unread = b""

    def send(self, data):
        self.socket.sendall(data)

    def read(self, count):
        while len(self.unread) < count:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError("the server closed the connection")
            self.unread += chunk
        data, self.unread = self.unread[:count], self.unread[count:]
        return data

    def next_message(self):
        head = self.read(4)
        kind, length = struct.unpack("!HH", head)
        return head + self.read(length + (-length % 4 if kind >= 0x4000 else 16))

    def receive(self):
        return self.waiting.pop(0) if self.waiting else self.next_message()

    def exchange(self, data):
        self.send(data)
        while True:
            reply = self.next_message()
            if reply[8:20] == data[8:20] and reply[0] < 4:
                return Answer(reply)
            self.waiting.append(reply)

    def send_channel(self, number, payload):
        self.send(channel_data(number, payload))

    def ended(self):
        """Has the server closed the connection? Whatever else comes is passed over."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def channel_data(number, payload):
    """A ChannelData message as streams have it, padded."""
    return struct.pack("!HH", number, len(payload)) + payload + bytes(-len(payload) % 4)
