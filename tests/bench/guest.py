#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Inside the machine that counts: sets up the paths, checks what each forwards, measures them in turn."""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time

import frames
import lab
import paths
from meter import BURST, Lost, Meter

# Source device's own end of each direction: whose MAC addresses the frames carry.
ENDS = {paths.TO_PEER: ("cl", "rc"), paths.TO_CLIENT: ("pe", "rp")}


# Packets before each measurement. The flows themselves are warm since they were checked.
WARM_UP = 10 * BURST


def say(text):
    print(f"bench: {time.monotonic():6.1f} s  {text}", file=sys.stderr, flush=True)


def frame_set(path, direction, size):
    source, relay = (lab.mac_bytes(end) for end in ENDS[direction])
    return frames.pack_set([frames.build(source, relay, d) for d in path.datagrams(direction, size)])


class Case:
    """A path in one direction with one payload size, and what was measured of it."""

    def __init__(self, path, direction, size, packets):
        self.path, self.direction, self.size = path, direction, size
        self.packets = packets
        self.frames = frame_set(path, direction, size)
        self.samples = []

    def describe(self):
        return f"{self.path.title}, {self.path.family.name}, {self.direction}, {self.size} bytes"

    def _run(self, meter, packets, warm_up, capture=False):
        path = self.path
        meter.load(self.frames)
        path.enter()
        cost = meter.run(path.route(self.direction), packets, warm_up, capture)
        path.leave()
        path.sent[self.direction] += packets + warm_up
        return cost

    def verify(self, meter):
        """Lets one packet of each flow through and compares it, byte by byte, with what must come out.

        Each flow has three packets before: conntrack and flowtable take that many to settle."""
        flows = len(self.path.flows)
        self._run(meter, flows, 3 * flows, capture=True)
        got = sorted(frames.parse(frame) for frame in meter.captured())
        expected = sorted(self.path.expected(self.direction, self.size))
        if got != expected:
            wrong = next((g, e) for g, e in zip(got + [None], expected + [None]) if g != e)
            raise RuntimeError(f"{self.describe()}: {len(got)} packets came out, {len(expected)} expected;"
                               f" first difference: {wrong[0]} instead of {wrong[1]}")

    def measure(self, meter):
        self.samples.append(self._run(meter, self.packets, WARM_UP))

    def result(self):
        return {"family": self.path.family.name, "payload": self.size, "path": self.path.name,
                "title": self.path.title, "direction": self.direction, "flows": len(self.path.flows),
                "packets": self.packets, "samples": self.samples}


# Paths measured without kturn.ko and with it. The daemons among them have flows of their own number.
WITHOUT_MODULE = (paths.Base, paths.Floor, paths.Forwarding, paths.Conntrack, paths.Flowtable, paths.Coturn,
                  paths.Kturnd)
WITH_MODULE = (paths.Kernel, paths.KernelInput, paths.Miss, paths.MissConntrack)
# What every other figure is compared with.
YARDSTICKS = {"base", "ip-forward"}
IN_USERSPACE = (paths.Coturn, paths.Kturnd)
QUICK = ("base", "ip-forward", "conntrack", "coturn", "kturn")
FAMILIES = {"4": lab.IPV4, "6": lab.IPV6}


def parse_options():
    def numbers(text):
        return [int(number) for number in text.split(",")]

    def families(text):
        return [FAMILIES[digit] for digit in text.split(",")]

    parser = argparse.ArgumentParser(prog="tests/bench/bench", description="Counts instructions per relayed packet.")
    names = [kind.name for kind in WITHOUT_MODULE + WITH_MODULE]
    parser.add_argument("--quick", action="store_true", help="what the verdict needs: IPv4, 172 bytes, 3 rounds")
    parser.add_argument("--paths", type=lambda text: text.split(","), default=names, help=",".join(names))
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each case (7)")
    parser.add_argument("--sizes", type=numbers, default=[172, 1200], help="bytes of payload (172,1200)")
    parser.add_argument("--families", type=families, default=list(FAMILIES.values()), help="of addresses (4,6)")
    parser.add_argument("--packets", type=int, default=3200, help="in a measurement of a path in the kernel (3200)")
    parser.add_argument("--daemon-packets", type=int, default=1280, help="in a measurement of a daemon (1280)")
    parser.add_argument("--flows", type=int, default=1000, help="through a path in the kernel (1000)")
    parser.add_argument("--daemon-flows", type=int, default=200, help="through a daemon (200)")
    parser.add_argument("--modules", nargs=2, required=True, metavar=("KTURN", "BENCH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.sizes, options.families, options.paths = 3, [172], [lab.IPV4], QUICK
    unknown = set(options.paths) - set(names)
    if unknown:
        parser.error(f"no such path: {', '.join(unknown)}")
    options.paths = YARDSTICKS.union(options.paths)
    return options


class Bench:
    def __init__(self, options):
        self.options = options
        self.meter = Meter()
        self.done = []

    def run(self):
        self.phase(self.chosen(WITHOUT_MODULE))
        if self.chosen(WITH_MODULE):
            say("loading kturn.ko")
            subprocess.run(["insmod", f"{self.options.modules[0]}/kturn.ko"], check=True)
            self.phase(self.chosen(WITH_MODULE))
        return [case.result() for case in self.done]

    def chosen(self, kinds):
        return [kind for kind in kinds if kind.name in self.options.paths]

    def phase(self, kinds):
        """Sets paths up, measures them in turn, round after round, and takes them down."""
        started = [self.start(kind, family) for family in self.options.families for kind in kinds]
        cases = [self.case(path, direction, size)
                 for path in started for size in self.options.sizes for direction in paths.DIRECTIONS]
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

    def start(self, kind, family):
        say(f"setting up: {kind.title}, {family.name}")
        flows = self.options.daemon_flows if kind in IN_USERSPACE else self.options.flows
        path = kind(family, flows)
        path.start()
        return path

    def case(self, path, direction, size):
        packets = self.options.daemon_packets if type(path) in IN_USERSPACE else self.options.packets
        return Case(path, direction, size, packets)


def notes():
    """What a reader of the table has to know about the settings."""
    return [f"coturn's settings: turnserver {' '.join(paths.Coturn.settings)}".replace(paths.PASSWORD, "..."),
            f"kturnd's settings: kturnd {' '.join(paths.Kturnd.settings)}".replace(paths.PASSWORD, "...")]


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
        cases = Bench(options).run()
    except (Lost, RuntimeError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench: error: {error}")
    measured = {"kernel": platform.release(), "cpu": cpu_model(), "burst": BURST, "quick": options.quick,
                "notes": notes(), "cases": cases}
    with open(f"{results}/measured.json", "w") as file:
        json.dump(measured, file, indent=1)
    say("measured")


if __name__ == "__main__":
    main()
