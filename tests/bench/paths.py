# SPDX-License-Identifier: BSD-3-Clause
"""The paths that are compared: how each is set up, what goes in, what has to come out.

A path has a name, a title for the table, flows, and two directions. `route` says between which devices it is measured,
`senders` which flows send, `datagrams` how what they send looks, `expected` what must arrive. `start` sets it up;
`enter` and `leave` enclose its measurements, so that a daemon runs only while its own path is measured.
"""

import json
import os
import signal
import subprocess
import sys
from collections import namedtuple

import lab
import xdp
from frames import Datagram

TO_PEER, TO_CLIENT = "to-peer", "to-client"
DIRECTIONS = (TO_PEER, TO_CLIENT)
# What kturnctl calls them.
COUNTERS = {TO_PEER: "to_peer", TO_CLIENT: "to_client"}

CLIENT_PORT, PEER_PORT, SERVER_PORT = 20000, 40000, 3478
USER, PASSWORD, REALM = "bench", "count-instructions", "bench.invalid"
# Deadlines of everything a daemon makes, in seconds: longer than a benchmark takes.
LIFETIME = 3600
RUN_DIRECTORY = "/run/kturn-bench"
LOG_DIRECTORY = os.environ["KTURN_RESULTS"]

PATTERN = bytes(range(256)) * 8

# What a flow's client and peer call each other. Without a relay in between, channel is 0 and relayed None.
Flow = namedtuple("Flow", "index client_port relayed_port channel peer_port")


def payload(flow, number, size):
    """Application data that tells the flows apart, and the packets of a flow."""
    start = (flow.index + number) % 256
    return flow.index.to_bytes(4, "big") + number.to_bytes(4, "big") + PATTERN[start:start + size - 8]


def channel_data(flow, data):
    return flow.channel.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data


class Forwarding:
    """Plain IP forwarding, and what is measured with the same packets."""

    name, title = "ip-forward", "plain IP forwarding"
    lab_name = None  # its own name, unless it has to share another path's lab
    base = None  # name of the path that it is net of, unless it is that of all

    def __init__(self, family, flows):
        self.family = family
        self.flow_count = flows
        self.sent = dict.fromkeys(DIRECTIONS, 0)
        self.lab = None
        self.flows = []

    def start(self):
        self.lab = lab.get((self.lab_name or self.name) + ("6" if self.family is lab.IPV6 else ""))
        self.flows = [Flow(i, CLIENT_PORT + i, None, 0, PEER_PORT + i) for i in range(self.flow_count)]

    def enter(self):
        pass

    def leave(self):
        pass

    def stop(self):
        pass

    def prepare(self, direction, capture):
        """Before each run: for what has to differ between those that are measured and those that are read."""

    def xmit(self, _direction):
        """The device to which frames without skbs are given, or None."""

    def check(self):
        """After the measurements: was the path what it claims to be? Raises RuntimeError if not."""

    def route(self, direction):
        """Devices: where packets come in, where they go out, and, if not through the stack, by which."""
        return ("rc", "pe", None) if direction == TO_PEER else ("rp", "cl", None)

    def senders(self, _direction):
        return self.flows

    def datagrams(self, direction, sent):
        """sent: (flow, application data) of each packet."""
        family = self.family
        if direction == TO_PEER:
            return [Datagram(family.client, f.client_port, family.peer, f.peer_port, data) for f, data in sent]
        return [Datagram(family.peer, f.peer_port, family.client, f.client_port, data) for f, data in sent]

    def expected(self, direction, sent):
        return self.datagrams(direction, sent)


class Base(Forwarding):
    """The same packets, dropped on arrival: what source and sink cost by themselves."""

    name, title = "base", "dropped on arrival"

    def route(self, direction):
        device = "rc" if direction == TO_PEER else "rp"
        return (device, device, None)


class BaseBesideKturn(Base):
    """Base once more, to compare with what is measured beside it: the allocator's state shifts all of them by some."""

    name, title, lab_name = "base-again", "dropped on arrival, once more", "base"


class Floor(Forwarding):
    """From device to device without the network stack: what no forwarding can do without."""

    name, title = "floor", "device to device, nothing else"

    def route(self, direction):
        return ("rc", "pe", "rp") if direction == TO_PEER else ("rp", "cl", "rc")


class Netfilter(Forwarding):
    """Forwarding with an nft ruleset in the relay's namespace."""

    ruleset = ""

    def start(self):
        super().start()
        with lab.netns(self.lab.ns("relay")):
            subprocess.run(["nft", "-f", "-"], text=True, check=True,
                           input=self.ruleset.format(rc=self.lab.dev("rc"), rp=self.lab.dev("rp")))

    def _conntrack(self):
        with lab.netns(self.lab.ns("relay")), open("/proc/net/nf_conntrack") as file:
            return file.read().splitlines()


class Conntrack(Netfilter):
    name, title = "conntrack", "plain IP forwarding + conntrack"
    ruleset = """
        table inet bench {{
            chain forward {{
                type filter hook forward priority filter; policy drop;
                ct state established,related accept
                ct state new accept
            }}
        }}"""

    def check(self):
        seen = len(self._conntrack())
        if seen < len(self.flows):
            raise RuntimeError(f"{self.name}, {self.family.name}: conntrack knows {seen} of {len(self.flows)} flows")


class ConntrackBesideKturn(Conntrack):
    """Conntrack once more, with kturn.ko loaded but without a channel: what MissConntrack is compared with."""

    name, title, lab_name = "conntrack-again", "+ conntrack, once more", "ct-again"


class Flowtable(Netfilter):
    name, title = "flowtable", "nft flowtable"
    ruleset = """
        table inet bench {{
            flowtable fast {{
                hook ingress priority filter
                devices = {{ {rc}, {rp} }}
            }}
            chain forward {{
                type filter hook forward priority filter; policy accept;
                meta l4proto udp flow add @fast
            }}
        }}"""

    def check(self):
        offloaded = sum("OFFLOAD" in line for line in self._conntrack())
        if offloaded < len(self.flows):
            raise RuntimeError(f"only {offloaded} of {len(self.flows)} flows were in the flowtable")


class Relay(Forwarding):
    """Anything that speaks TURN: ChannelData on one side, plain datagrams on the other."""

    def datagrams(self, direction, sent):
        family = self.family
        if direction == TO_PEER:
            return [self._from_client(f, data) for f, data in sent]
        return [Datagram(family.peer, f.peer_port, family.relay, f.relayed_port, data) for f, data in sent]

    def expected(self, direction, sent):
        family = self.family
        if direction == TO_PEER:
            return [Datagram(family.relay, f.relayed_port, family.peer, f.peer_port, data) for f, data in sent]
        return [self._to_client(f, data) for f, data in sent]

    def _from_client(self, flow, data):
        family = self.family
        return Datagram(family.client, flow.client_port, family.server, SERVER_PORT, channel_data(flow, data))

    def _to_client(self, flow, data):
        family = self.family
        return Datagram(family.server, SERVER_PORT, family.client, flow.client_port, channel_data(flow, data))


class Daemon(Relay):
    """A TURN server with real allocations. It stands still while other paths are measured."""

    pairs = False  # channels lead from client to client, not to peers
    multiplexes = False  # all allocations have one relayed address

    def __init__(self, family, flows):
        super().__init__(family, flows)
        self.log = f"{LOG_DIRECTORY}/{self.name}-{family.name}.log"
        self.process = None

    def command(self):
        raise NotImplementedError

    def start(self):
        super().start()
        with lab.netns(self.lab.ns("relay")), open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=subprocess.STDOUT)
        self.flows = self._bind()
        self.leave()

    def _bind(self):
        """Allocations and channels, made by clients; returns them as flows."""
        family, bracket = self.family, "[{}]" if self.family is lab.IPV6 else "{}"
        with lab.netns(self.lab.ns("client")):
            done = subprocess.run(
                ["build/tests/bench/bind", "--count", str(self.flow_count), "--user", USER, "--password", PASSWORD,
                 "--server", f"{bracket.format(family.server)}:{SERVER_PORT}",
                 "--client", f"{bracket.format(family.client)}:{CLIENT_PORT}",
                 "--peer", f"{bracket.format(family.peer)}:{PEER_PORT}", *(["--pairs"] if self.pairs else [])],
                stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            self._show_log()
            raise RuntimeError(f"{self.name}: no allocations")
        flows = []
        for index, line in enumerate(done.stdout.splitlines()):
            client, _, relayed, channel, peer = line.split()
            flows.append(Flow(index, port(client), port(relayed), int(channel), port(peer)))
        return flows

    def _show_log(self):
        with open(self.log) as log:
            sys.stderr.writelines(f"{self.name}: {line}" for line in log.readlines()[-20:])

    def check(self):
        if self.process.poll() is not None:
            self._show_log()
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}")

    def enter(self):
        self.process.send_signal(signal.SIGCONT)

    def leave(self):
        self.process.send_signal(signal.SIGSTOP)

    def stop(self):
        self.process.kill()
        self.process.wait()


def port(address):
    return int(address.rpartition(":")[2])


class Coturn(Daemon):
    name, title = "coturn", "coturn"
    program, at_its_best = ["turnserver"], ""
    # One relay thread for one processor; nothing logged, nothing looked up per packet.
    common = ["-n", "--lt-cred-mech", f"--user={USER}:{PASSWORD}", f"--realm={REALM}", "--relay-threads=1",
              "--no-tls", "--no-tcp", "--no-tcp-relay", "--no-cli", "--no-rfc5780", "--no-software-attribute",
              "--no-dynamic-ip-list", "--no-dynamic-realms", "--no-auth-pings",
              "--no-stdout-log", "--log-file=/dev/null", "--simple-log",
              f"--channel-lifetime={LIFETIME}", f"--permission-lifetime={LIFETIME}"]
    settings = [*common, "--no-dtls"]

    def command(self):
        files = f"{RUN_DIRECTORY}/{self.lab.name}"
        return [*self.program, *self.settings, f"--listening-port={SERVER_PORT}",
                f"--listening-ip={self.family.server}", f"--relay-ip={self.family.relay}",
                f"--userdb={files}.db", f"--pidfile={files}.pid"]

    @classmethod
    def identify(cls):
        """Has the program say its version, and puts it into the title."""
        version = subprocess.run([*cls.program, "--version"], stdout=subprocess.PIPE, text=True, check=True)
        cls.version = version.stdout.strip()
        cls.title = f"coturn {cls.version}{cls.at_its_best}"


class NewCoturn(Coturn):
    """A newer release at its best: one relay socket for all, datagrams received and sent many at a time."""

    name, lab_name, at_its_best, multiplexes = "coturn-4.18", "coturn418", ", multiplex, GSO", True
    settings = [*Coturn.common, "--multiplex-peer", "--udp-recvmmsg", "--udp-gso"]

    @classmethod
    def unpacked_in(cls, tree):
        """It runs on the libraries of its own release, all of which lie in the tree."""
        cls.program = [f"{tree}/usr/lib64/ld-linux-x86-64.so.2", "--library-path", f"{tree}/usr/lib/x86_64-linux-gnu",
                       f"{tree}/usr/bin/turnserver"]


class Kturnd(Daemon):
    """Our daemon, relaying by itself."""

    name, title, relayed_by = "kturnd", "kturnd alone", "userspace"
    settings = ["--lt-cred-mech", f"--user={USER}:{PASSWORD}", f"--realm={REALM}", "--relay-threads=1",
                f"--channel-lifetime={LIFETIME}", f"--permission-lifetime={LIFETIME}",
                f"--allowed-peer-ip={lab.IPV4.peer}", f"--allowed-peer-ip={lab.IPV6.peer}"]

    def socket(self):
        return f"{RUN_DIRECTORY}/{self.lab.name}.socket"

    def command(self):
        return ["build/kturnd", "-n", *self.settings, f"--listening-port={SERVER_PORT}",
                f"--listening-ip={self.family.server}", f"--relay-ip={self.family.relay}",
                f"--admin-socket={self.socket()}", f"--pidfile={RUN_DIRECTORY}/{self.lab.name}.pid"]

    def check(self):
        """All packets must have been relayed by whom the path is named after, and nobody else."""
        super().check()
        status = self._status()
        for direction, key in COUNTERS.items():
            counted = status[self.relayed_by][key]["packets"]
            if counted != self.sent[direction]:
                raise RuntimeError(f"{self.name}: {self.sent[direction]} packets sent {direction}, but the"
                                   f" {self.relayed_by} counted {counted}")

    def _status(self):
        self.enter()
        with lab.netns(self.lab.ns("relay")):
            done = subprocess.run(["build/kturnctl", "--socket", self.socket(), "--json", "status"],
                                  stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)


class Kernel(Kturnd):
    """Our daemon with the module loaded: packets never leave the kernel."""

    name, title, relayed_by = "kturn", "kturn, kernel path", "kernel"
    settings = [*Kturnd.settings, "--kernel-relay=require"]


class KernelInput(Kernel):
    """The same at the other hook, behind the INPUT chain, leaving through OUTPUT and POSTROUTING."""

    name, title = "kturn-input", "kturn, hook input"
    settings = [*Kernel.settings, "--kernel-hook=input"]


class Hairpin(Kernel):
    """Both clients on this relay: ChannelData of one arrives as ChannelData at the other.

    "To peer" is from the first of a pair to the second, "to client" the way back."""

    name, title, pairs = "hairpin", "kturn, client to client", True

    def senders(self, direction):
        return self.flows[direction == TO_CLIENT::2]

    def route(self, _direction):
        return ("rc", "cl", None)

    def datagrams(self, _direction, sent):
        return [self._from_client(f, data) for f, data in sent]

    def expected(self, _direction, sent):
        return [self._to_client(self.flows[f.index ^ 1], data) for f, data in sent]

    def check(self):
        """All packets must have gone straight from client to client: one to a peer and one to a client, at once."""
        Daemon.check(self)
        counted, sent = self._status()["kernel"], sum(self.sent.values())
        counts = [counted["hairpin"], *(counted[key]["packets"] for key in COUNTERS.values())]
        if counts != [sent] * 3:
            raise RuntimeError(f"{self.name}: {sent} packets sent, but the kernel counted {counts}")


class Miss(Forwarding):
    """Plain IP forwarding through a relay that kturn.ko serves: what it costs packets that are not its own."""

    name, title = "miss", "IP forwarding beside kturn.ko"
    lab_name = Kernel.name


class MissConntrack(Conntrack):
    """The same where other hooks are anyway: forwarding with conntrack, beside a channel of kturn.ko."""

    name, title = "miss-conntrack", "+ conntrack, beside kturn.ko"

    def __init__(self, family, flows):
        super().__init__(family, flows)
        self.relay = Kernel(family, 1)
        self.relay.name = self.lab_name = "miss-ct"

    def start(self):
        self.relay.start()
        super().start()

    def stop(self):
        self.relay.stop()


class Frames(Kernel):
    """Frames that never become skbs: received by a veth from its other end, forwarded by native XDP."""

    name, title, lab_name, base = "kturn-xdp", "kturn, XDP on frames", "xdp", "xdp-base"

    def start(self):
        super().start()
        self.xdp = xdp.Xdp(self.lab)
        self.xdp.open_door()

    def prepare(self, direction, capture):
        self.xdp.drop_at(self.route(direction)[1], not capture)

    def xmit(self, direction):
        return lab.NEIGHBOUR[self.route(direction)[0]]

    def check(self):
        """All packets must have been relayed by the module, and by XDP."""
        super().check()
        for direction in DIRECTIONS:
            redirected = self.xdp.redirected(self.route(direction)[0])
            if redirected != self.sent[direction]:
                raise RuntimeError(f"{self.name}: {self.sent[direction]} packets sent {direction}, but XDP redirected"
                                   f" {redirected}")


class FramesBase(Forwarding):
    """The same frames, dropped on arrival by XDP."""

    name, title, lab_name, base = "xdp-base", "XDP on frames, dropped on arrival", "xdp-base", "xdp-base"
    route, prepare, xmit = Base.route, Frames.prepare, Frames.xmit

    def start(self):
        super().start()
        self.xdp = xdp.Xdp(self.lab)
