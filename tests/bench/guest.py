#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Inside the machine that counts: sets up the paths, checks what each forwards, measures them in turn."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time

import frames
import lab
import paths
from meter import BURST, Lost, Meter

# Source device's own end of each direction: whose MAC addresses the frames carry.
ENDS = {paths.TO_PEER: ("cl", "rc"), paths.TO_CLIENT: ("pe", "rp")}


def say(text):
    print(f"bench: {time.monotonic():6.1f} s  {text}", file=sys.stderr, flush=True)


def frame_set(path, direction, size):
    source, relay = (lab.mac_bytes(end) for end in ENDS[direction])
    return frames.pack_set([frames.build(source, relay, d) for d in path.datagrams(direction, size)])


class Case:
    """A path in one direction with one payload size, and what was measured of it."""

    def __init__(self, path, direction, size, packets):
        self.path, self.direction, self.size = path, direction, size
        self.packets, self.warm_up = packets, 3 * len(path.flows)
        self.frames = frame_set(path, direction, size)
        self.samples = []

    def describe(self):
        return f"{self.path.name} {self.direction} {self.size} bytes"

    def verify(self, meter):
        """Lets one packet of each flow through and compares it, byte by byte, with what must come out."""
        meter.load(self.frames)
        meter.run(self.path.route(self.direction), len(self.path.flows), self.warm_up, capture=True)
        got = sorted(frames.parse(frame) for frame in meter.captured())
        expected = sorted(self.path.expected(self.direction, self.size))
        if got != expected:
            wrong = next((g, e) for g, e in zip(got + [None], expected + [None]) if g != e)
            raise RuntimeError(f"{self.describe()}: {len(got)} packets came out, {len(expected)} expected;"
                               f" first difference: {wrong[0]} instead of {wrong[1]}")

    def measure(self, meter):
        meter.load(self.frames)
        self.samples.append(meter.run(self.path.route(self.direction), self.packets, self.warm_up))

    def result(self):
        return {"path": self.path.name, "title": self.path.title, "direction": self.direction, "payload": self.size,
                "flows": len(self.path.flows), "packets": self.packets, "samples": self.samples}


def make_paths(options, results):
    chosen = [paths.Base(lab.IPV4, options.flows), paths.Forwarding(lab.IPV4, options.flows),
              paths.Conntrack(lab.IPV4, options.flows)]
    if not options.quick:
        chosen += [paths.Floor(lab.IPV4, options.flows), paths.Flowtable(lab.IPV4, options.flows)]
    chosen.append(paths.Coturn(lab.IPV4, options.daemon_flows, results))
    return chosen


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer paths, sizes and rounds")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")], default=[172, 1200])
    parser.add_argument("--packets", type=int, default=6400, help="per measurement of a path in the kernel")
    parser.add_argument("--daemon-packets", type=int, default=3200, help="per measurement of a daemon")
    parser.add_argument("--flows", type=int, default=1000, help="flows through a path in the kernel")
    parser.add_argument("--daemon-flows", type=int, default=200, help="allocations of a daemon")
    return parser.parse_args()


def run(options, results):
    meter, cases = Meter(), []
    all_paths = make_paths(options, results)
    for path in all_paths:
        say(f"setting up {path.title}")
        path.start()
        packets = options.daemon_packets if path.daemon else options.packets
        cases += [Case(path, direction, size, packets) for size in options.sizes for direction in paths.DIRECTIONS]
    say("checking what each path forwards, byte by byte")
    for case in cases:
        case.path.enter()
        case.verify(meter)
        case.path.leave()
    for number in range(1, options.rounds + 1):
        say(f"round {number} of {options.rounds}")
        for case in cases:
            case.path.enter()
            case.measure(meter)
            case.path.leave()
    for path in all_paths:
        path.check()
        path.stop()
    return {"kernel": platform.release(), "burst": BURST, "cases": [case.result() for case in cases]}


def main():
    options = parse_options()
    results = os.environ["KTURN_RESULTS"]
    subprocess.run(["insmod", "build/tests/bench/kmod/6.1/kturn_bench.ko"], check=True)
    try:
        measured = run(options, results)
    except (Lost, RuntimeError, ValueError) as error:
        sys.exit(f"bench: error: {error}")
    with open(f"{results}/measured.json", "w") as file:
        json.dump(measured, file, indent=1)
    say("measured")


if __name__ == "__main__":
    main()
