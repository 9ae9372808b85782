#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Inside the machine that counts: sets up the paths, checks what each forwards, measures them in turn."""

import argparse
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time

import frames
import lab
import loads
import paths
from allocations import Allocations
from meter import BURST, Lost, Meter

# Packets before each measurement. The flows themselves are warm since they were checked.
WARM_UP = 10 * BURST


def say(text):
    print(f"bench: {time.monotonic():6.1f} s  {text}", file=sys.stderr, flush=True)


def by_flow(datagrams):
    """Flows may overtake one another, packets of a flow may not."""
    return sorted(datagrams, key=lambda d: d[:4])


class Case:
    """A path in one direction with one load, and what was measured of it. base: the path it is net of."""

    def __init__(self, path, base, direction, load, packets):
        self.path, self.base, self.direction, self.load = path, base, direction, load
        self.packets = packets
        senders = path.senders(direction)
        self.flows = len(senders)
        sent = [(senders[flow], paths.payload(senders[flow], number, size))
                for number, (flow, size) in enumerate(load.packets(len(senders), packets))]
        self.expected = path.expected(direction, sent)
        relay = path.route(direction)[0]
        macs = lab.mac_bytes(lab.NEIGHBOUR[relay]), lab.mac_bytes(relay)
        self.frames = frames.pack_set([frames.build(*macs, d) for d in path.datagrams(direction, sent)])
        self.samples, self.skbs = [], []

    def describe(self):
        return f"{self.path.title}, {self.path.family.name}, {self.direction}, {self.load.title}"

    def _run(self, meter, packets, warm_up, capture=False):
        path = self.path
        devices = [end and path.lab.dev(end) for end in path.route(self.direction)]
        meter.load(self.frames)
        path.enter()
        path.prepare(self.direction, capture)
        xmit = path.xmit(self.direction)
        cost = meter.run(devices, packets, warm_up, capture, xmit and path.lab.dev(xmit))
        path.leave()
        path.sent[self.direction] += packets + warm_up
        return cost

    def verify(self, meter):
        """Lets the load through once and compares it, byte by byte, with what must come out.

        Before, three packets are, for each flow: conntrack and flowtable take that many of a flow to settle."""
        count = len(self.expected)
        times = math.ceil(3 * self.flows / count)
        self._run(meter, count, times * count, capture=True)
        got = by_flow(frames.parse(frame) for frame in meter.captured())
        expected = by_flow(self.expected)
        if got != expected:
            wrong = next((g, e) for g, e in zip(got + [None], expected + [None]) if g != e)
            raise RuntimeError(f"{self.describe()}: {len(got)} packets came out, {len(expected)} expected;"
                               f" first difference: {wrong[0]} instead of {wrong[1]}")

    def measure(self, meter):
        self.samples.append(self._run(meter, self.packets, WARM_UP))
        self.skbs.append(meter.skbs)

    def result(self):
        return {"family": self.path.family.name, "load": self.load.name, "load_title": self.load.title,
                "path": self.path.name, "base": self.base, "title": self.path.title, "direction": self.direction,
                "flows": self.flows, "packets": self.packets,
                "samples": self.samples, "skbs": statistics.median(self.skbs)}


# Paths measured without kturn.ko and with it. The daemons among them have flows of their own number.
WITHOUT_MODULE = (paths.Base, paths.Floor, paths.Forwarding, paths.Conntrack, paths.Flowtable, paths.Coturn,
                  paths.NewCoturn, paths.Kturnd)
WITH_MODULE = (paths.BaseBesideKturn, paths.Kernel, paths.KernelInput, paths.Hairpin, paths.Miss,
               paths.ConntrackBesideKturn, paths.MissConntrack, paths.FramesBase, paths.Frames)
# What every other figure is compared with.
YARDSTICKS = {"base", "ip-forward", "base-again"}
# And what is compared with a yardstick of its own.
YARDSTICK_OF = {paths.Frames.name: paths.Frames.base, paths.MissConntrack.name: paths.ConntrackBesideKturn.name}
IN_USERSPACE = (paths.Coturn, paths.NewCoturn, paths.Kturnd)
# Whose allocations are measured, if they are chosen.
ALLOCATORS = (paths.Coturn, paths.NewCoturn, paths.Kturnd, paths.Kernel)
PARTS = ("packets", "allocations")
QUICK = ("base", "ip-forward", "conntrack", "coturn", "kturn")
FAMILIES = {"4": lab.IPV4, "6": lab.IPV6}


def parse_options():
    def loads_of(text):
        return [loads.named(name) for name in text.split(",")]

    def families(text):
        return [FAMILIES[digit] for digit in text.split(",")]

    parser = argparse.ArgumentParser(prog="tests/bench/bench", description="Counts instructions per relayed packet.")
    names = [kind.name for kind in WITHOUT_MODULE + WITH_MODULE]
    parser.add_argument("--quick", action="store_true", help="what is most telling: IPv4, 172 bytes, 3 rounds")
    parser.add_argument("--paths", type=lambda text: text.split(","), default=names, help=",".join(names))
    parser.add_argument("--parts", type=lambda text: text.split(","), default=PARTS, help=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each case (7)")
    parser.add_argument("--loads", type=loads_of, default="172,1200,mix,runs",
                        help="bytes of payload, or mix, or runs (172,1200,mix,runs)")
    parser.add_argument("--families", type=families, default=list(FAMILIES.values()), help="of addresses (4,6)")
    parser.add_argument("--packets", type=int, default=3200, help="in a measurement of a path in the kernel (3200)")
    parser.add_argument("--daemon-packets", type=int, default=1280, help="in a measurement of a daemon (1280)")
    parser.add_argument("--flows", type=int, default=1000, help="through a path in the kernel (1000)")
    parser.add_argument("--daemon-flows", type=int, default=200, help="through a daemon (200)")
    parser.add_argument("--new-coturn", metavar="TREE", help=argparse.SUPPRESS)
    parser.add_argument("--modules", nargs=2, required=True, metavar=("KTURN", "BENCH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.loads, options.families, options.paths = 3, loads_of("172"), [lab.IPV4], QUICK
        options.parts = ["packets"]
    unknown = set(options.paths) - set(names)
    if unknown:
        parser.error(f"no such path: {', '.join(unknown)}")
    if not set(options.parts) <= set(PARTS):
        parser.error(f"parts are {' and '.join(PARTS)}")
    options.paths = YARDSTICKS.union(options.paths, (YARDSTICK_OF[name] for name in options.paths if name in YARDSTICK_OF))
    if options.new_coturn:
        paths.NewCoturn.unpacked_in(options.new_coturn)
    return options


class Bench:
    def __init__(self, options):
        self.options = options
        for kind in self.chosen((paths.Coturn, paths.NewCoturn)):
            kind.identify()
        self.meter = Meter()
        self.done = []
        self.allocated = []

    def run(self):
        self.both_parts(self.chosen(WITHOUT_MODULE))
        if self.chosen(WITH_MODULE[1:]):
            say("loading kturn.ko")
            subprocess.run(["insmod", f"{self.options.modules[0]}/kturn.ko"], check=True)
            self.both_parts(self.chosen(WITH_MODULE))

    def both_parts(self, kinds):
        if "packets" in self.options.parts:
            self.phase(kinds)
        if "allocations" in self.options.parts:
            self.allocate([kind for kind in kinds if kind in ALLOCATORS])

    def chosen(self, kinds):
        return [kind for kind in kinds if kind.name in self.options.paths]

    def phase(self, kinds):
        """Sets paths up, measures them in turn, round after round, and takes them down."""
        base = kinds[0].name
        started = [self.start(kind, family) for family in self.options.families for kind in kinds]
        cases = [self.case(path, path.base or base, direction, load)
                 for path in started for load in self.options.loads for direction in paths.DIRECTIONS]
        say("checking what each path forwards, byte by byte")
        for case in cases:
            case.verify(self.meter)
        for number in range(1, self.options.rounds + 1):
            say(f"round {number} of {self.options.rounds}")
            for case in cases:
                case.measure(self.meter)
        for path in started:
            path.check()
            path.stop()
        self.done += cases

    def allocate(self, kinds):
        """Has each relay make allocations, round after round."""
        relays = [Allocations(kind, family) for family in self.options.families for kind in kinds]
        for relay in relays:
            say(f"setting up allocations: {relay.relay.title}, {relay.family.name}")
            relay.start()
            relay.measure(self.meter, warm_up=True)
        for number in range(1, self.options.rounds + 1):
            say(f"allocations, round {number} of {self.options.rounds}")
            for relay in relays:
                relay.measure(self.meter)
        for relay in relays:
            relay.stop()
        self.allocated += relays

    def start(self, kind, family):
        say(f"setting up: {kind.title}, {family.name}")
        flows = self.options.daemon_flows if kind in IN_USERSPACE else self.options.flows
        path = kind(family, flows)
        path.start()
        return path

    def case(self, path, base, direction, load):
        packets = self.options.daemon_packets if type(path) in IN_USERSPACE else self.options.packets
        return Case(path, base, direction, load, packets)


def settings(kind, program):
    """What a reader of the table has to know about a daemon's settings."""
    return f"{kind.name}'s settings: {program} {' '.join(kind.settings)}".replace(paths.PASSWORD, "...")


def describe_daemons(chosen):
    """Settings, and the versions of coturn that the programs told that were measured."""
    coturns = [kind for kind in chosen if issubclass(kind, paths.Coturn)]
    return {"notes": [settings(kind, "kturnd" if kind is paths.Kturnd else "turnserver") for kind in chosen],
            "coturn": {kind.name: kind.version for kind in coturns}}


def cpu_model():
    """The processor as the guest sees it. ERMS and FSRM count one instruction for each byte that is copied."""
    with open("/proc/cpuinfo") as file:
        info = dict(re.findall(r"^([^\t:]+)\s*: (.*)$", file.read(), re.MULTILINE))
    for flag in ("erms", "fsrm"):
        if flag in info["flags"].split():
            sys.exit(f"bench: error: the guest's processor has {flag}: copies would be counted wrong")
    return info["model name"]


def main():
    options, results = parse_options(), os.environ["KTURN_RESULTS"]
    os.makedirs(paths.RUN_DIRECTORY)
    try:
        subprocess.run(["insmod", f"{options.modules[1]}/kturn_bench.ko"], check=True)
        lab.spread_neighbours()
        bench = Bench(options)
        bench.run()
    except (Lost, RuntimeError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench: error: {error}")
    measured = {"kernel": platform.release(), "cpu": cpu_model(), "burst": BURST, "quick": options.quick,
                "rounds": options.rounds, "cases": [case.result() for case in bench.done],
                "allocations": [relay.result() for relay in bench.allocated],
                **describe_daemons(bench.chosen(IN_USERSPACE))}
    with open(f"{results}/measured.json", "w") as file:
        json.dump(measured, file, indent=1)
    say("measured")


if __name__ == "__main__":
    main()
