#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Inside the machine that counts: what a packet costs a server whose clients come over TCP, and over TLS."""

import argparse
import itertools
import json
import os
import platform
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

import hosts
import lab
import paths
from guest import cpu_model

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../daemon"))
from harness import make_certificate        # noqa: E402
from stun import RELAYED_ADDRESS, StreamClient, channel_data    # noqa: E402

PORTS = {"tcp": paths.SERVER_PORT, "tls": 5349}
# The newest that all speak: Debian's coturn 4.6.1 has no TLS 1.3.
CIPHER = ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLSv1.2", 128)
CHANNEL = 0x4000
CLIENTS = 64
PATIENCE = 10                               # seconds until a packet that does not come has been lost

# Clients that send at all, those that send at a time, packets in a row of each; and so often each does before anything
# is measured, for servers adapt to what comes.
Load = namedtuple("Load", "name clients together row warm_up title")
LOADS = (Load("alone", CLIENTS, 1, 1, 4, "one packet at a time"),
         Load("spread", CLIENTS, CLIENTS, 1, 4, f"{CLIENTS} at a time, each of another client"),
         Load("frames", 8, 4, 6, 15, "24 at a time, 6 in a row of each of 4 clients, as a picture's"),
         Load("runs", 4, 4, 16, 6, "64 at a time, 16 in a row of each of 4 clients, flat out"))


def say(text):
    print(f"streams: {time.monotonic():6.1f} s  {text}", file=sys.stderr, flush=True)


def taking_connections(kind, certificate):
    """A server like those of paths.py that takes connections, too. Its clients come later."""
    class Server(kind):
        lab_name = f"s-{kind.lab_name or kind.name}"
        settings = [*(s for s in kind.settings if s not in ("--no-tls", "--no-tcp")),
                    f"--tls-listening-port={PORTS['tls']}", f"--cert={certificate[0]}", f"--pkey={certificate[1]}"]

        def _bind(self):
            with lab.netns(self.lab.ns("client")):
                for port in PORTS.values():
                    self._wait_for(port)
            return []

        def _wait_for(self, port):
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                try:
                    return socket.create_connection((self.family.server, port), PATIENCE).close()
                except ConnectionRefusedError:
                    time.sleep(0.05)
            self._show_log()
            raise RuntimeError(f"{self.name} does not listen on port {port}")

    return Server


def acknowledge_at_once(where):
    """Delayed acknowledgements come by a timer: the figures would depend on how long a round takes."""
    for role, end, own in (("client", "cl", lab.IPV4.client), ("relay", "rc", lab.IPV4.server)):
        net = own.rpartition(".")[0]
        lab.ip("-netns", where.ns(role), "route", "change", f"{net}.0/{lab.IPV4.prefix}", "dev", where.dev(end),
               "proto", "kernel", "scope", "link", "src", own, "quickack", "1")


def wrap(connection):
    """TLS over it. Whose certificate it is matters to nobody here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHER[0])
    wrapped = context.wrap_socket(connection)
    if wrapped.cipher() != CIPHER:
        raise RuntimeError(f"{wrapped.cipher()} instead of {CIPHER}")
    return wrapped


class Session:
    """A client on a connection, with a channel to a peer of its own."""

    def __init__(self, server, transport, index):
        family, where = server.family, server.lab
        with lab.netns(where.ns("peer")):
            self.peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.peer.bind((family.peer, paths.PEER_PORT + list(PORTS).index(transport) * CLIENTS + index))
            self.peer.settimeout(PATIENCE)
        with lab.netns(where.ns("client")):
            self.client = StreamClient(family.server, PORTS[transport], paths.USER, paths.PASSWORD,
                                       wrap=wrap if transport == "tls" else None)
        self.client.socket.settimeout(PATIENCE)
        answer = self.client.allocate()
        error = answer.error or self.client.bind(CHANNEL, *self.peer.getsockname()).error
        if error:
            raise RuntimeError(f"{server.name}: no session over {transport}: error {error}")
        self.relayed = answer.address(RELAYED_ADDRESS)
        self.index, self.number = index, 0

    def payloads(self, count, size):
        """Application data that tells packets apart."""
        self.number += count
        return [paths.payload(self, self.number - i, size) for i in range(count)]

    def send(self, direction, packets):
        if direction == paths.TO_PEER:
            for packet in packets:
                self.client.send(channel_data(CHANNEL, packet))
        else:
            for packet in packets:
                self.peer.sendto(packet, self.relayed)

    def receive(self, direction, packets):
        if direction == paths.TO_PEER:
            got = b"".join(self.peer.recv(2048) for _ in packets)
            expected = b"".join(packets)
        else:
            expected = b"".join(channel_data(CHANNEL, packet) for packet in packets)
            got = self.client.read(len(expected))
        if got != expected:
            raise RuntimeError(f"client {self.index}, {direction}: what came out is not what went in")


class Case:
    """A server with clients over one transport, one direction, one load and size, and what was measured."""

    def __init__(self, server, transport, sessions, direction, load, size):
        self.server, self.transport, self.sessions = server, transport, sessions
        self.direction, self.load, self.size = direction, load, size
        self.samples = []

    def describe(self):
        return f"{self.server.title}, {self.transport}, {self.direction}, {self.load.name}, {self.size}"

    def exchange(self, packets):
        """Sends them, each burst when the one before has come out. Returns how many it were."""
        burst = self.load.together * self.load.row
        turn = itertools.cycle(self.sessions[:self.load.clients])
        for _ in range(0, packets, burst):
            sent = [(session, session.payloads(self.load.row, self.size))
                    for session in itertools.islice(turn, self.load.together)]
            for session, payloads in sent:
                session.send(self.direction, payloads)
            for session, payloads in sent:
                session.receive(self.direction, payloads)
        count = -(-packets // burst) * burst
        self.server.sent[self.direction] += count
        return count

    def measure(self, packets):
        """One sample. The server stands still but for this."""
        try:
            self.server.enter()
            self.exchange(self.load.warm_up * self.load.clients * self.load.row)
            settle()
            before = self.server.host.instructions()
            count = self.exchange(packets)
            settle()
            self.samples.append((self.server.host.instructions() - before) / count)
            self.server.leave()
        except (OSError, EOFError, RuntimeError) as error:
            raise RuntimeError(f"{self.describe()}: {error}") from error

    def result(self):
        return {"path": self.server.name, "title": self.server.title, "transport": self.transport,
                "direction": self.direction, "load": self.load.name, "load_title": self.load.title,
                "size": self.size, "samples": self.samples}


def settle():
    """Lets all others run until they have nothing to do: what came last may have left something to be tidied up."""
    time.sleep(0.002)


def set_up(kind, certificate, options):
    """A server with clients over each transport; its cases."""
    say(f"setting up: {kind.title}")
    server = taking_connections(kind, certificate)(lab.IPV4, CLIENTS)
    server.start()
    server.enter()
    acknowledge_at_once(server.lab)
    server.host = hosts.Host(server.lab, server.process.pid)
    cases = []
    for transport in options.transports:
        sessions = [Session(server, transport, index) for index in range(CLIENTS)]
        for direction in paths.DIRECTIONS:
            cases += [Case(server, transport, sessions, direction, load, size)
                      for load in LOADS if load.name in options.loads for size in options.sizes]
    server.leave()
    return cases


def libraries(kind):
    """The OpenSSL that it runs with."""
    program = ["ldd", "build/kturnd"] if kind is paths.Kturnd else \
        ["ldd", "/usr/bin/turnserver"] if kind is paths.Coturn else [*kind.program[:-1], "--list", kind.program[-1]]
    listed = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True).stdout
    library = next(line.split()[2] for line in listed.splitlines() if "libcrypto.so" in line)
    with open(library, "rb") as file:
        data = file.read()
    at = data.index(b"OpenSSL 3.")
    return data[at:data.index(b"\0", at)].decode()


def parse_options():
    def names(text):
        return text.split(",")

    parser = argparse.ArgumentParser(prog="tests/bench/streams", description="Counts instructions per relayed packet"
                                     " of clients over TCP and TLS.")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each case (5)")
    parser.add_argument("--packets", type=int, default=256, help="in a measurement (256)")
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in names(text)], default=[172, 1200],
                        help="bytes of payload (172,1200)")
    parser.add_argument("--transports", type=names, default=list(PORTS), help="tcp,tls")
    loads = [load.name for load in LOADS]
    parser.add_argument("--loads", type=names, default=loads, help=",".join(loads))
    parser.add_argument("--servers", type=names, default=["coturn", "coturn-4.18", "kturnd"],
                        help="coturn,coturn-4.18,kturnd")
    parser.add_argument("--new-coturn", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--module", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(options):
    paths.NewCoturn.unpacked_in(options.new_coturn)
    kinds = [kind for kind in (paths.Coturn, paths.NewCoturn, paths.Kturnd) if kind.name in options.servers]
    for kind in kinds:
        if issubclass(kind, paths.Coturn):
            kind.identify()
    hosts.start(options.module)
    hosts.run_first()
    certificate = make_certificate(tempfile.mkdtemp())
    cases = [case for kind in kinds for case in set_up(kind, certificate, options)]
    for number in range(1, options.rounds + 1):
        say(f"round {number} of {options.rounds}")
        for case in cases:
            case.measure(options.packets)
    for server in {case.server for case in cases}:
        server.check()
        server.stop()
    return kinds, cases


def main():
    options = parse_options()
    os.makedirs(paths.RUN_DIRECTORY)
    try:
        kinds, cases = measure(options)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"streams: error: {error}")
    measured = {"kernel": platform.release(), "cpu": cpu_model(), "cipher": CIPHER,
                "clients": CLIENTS, "rounds": options.rounds,
                "coturn": {kind.name: kind.version for kind in kinds if issubclass(kind, paths.Coturn)},
                "openssl": {kind.name: libraries(kind) for kind in kinds},
                "cases": [case.result() for case in cases]}
    with open(f"{os.environ['KTURN_RESULTS']}/measured.json", "w") as file:
        json.dump(measured, file, indent=1)
    say("measured")


if __name__ == "__main__":
    main()
