#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Inside the machine that counts: fills the module with sessions, and measures what they cost at each size."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

import frames
import lab
import memory
import xdp
from meter import BURST, Lost, Meter
from paths import DIRECTIONS, TO_PEER

FRAMES_FILE = "/sys/kernel/debug/kturn_bench/frames"
# Bytes by which the memory of others may have changed meanwhile.
OTHERS = 4 << 20
# Sessions that are there when the module is unloaded.
REMAINDER = 100_000
# Packets compared with what must come out, at each number of channels.
VERIFIED = 1000
# Clients, relayed addresses and peers of plan.h, by where they are: (block, gateway or None for the relay itself).
ROUTES = {lab.IPV4: (("100.64.0.0/16", "client"), ("198.18.0.0/15", "peer"), ("10.3.0.0/16", None)),
          lab.IPV6: (("fd00:1:1::/64", "client"), ("fd00:2:2::/64", "peer"), ("fd00:2:3::/64", None))}


def say(text):
    print(f"scale: {time.monotonic():6.1f} s  {text}", file=sys.stderr, flush=True)


class Sessions:
    """The program that installs sessions, waiting for commands in the relay's namespace."""

    def __init__(self, relay, digit):
        with lab.netns(relay):
            self.process = subprocess.Popen(["build/tests/bench/sessions", digit], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"sessions: no answer to '{command}'")
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        if self.process.wait():
            raise RuntimeError(f"sessions ended with {self.process.returncode}")


class Scale:
    def __init__(self, options, family):
        self.options, self.family = options, family
        self.digit = "6" if family is lab.IPV6 else "4"
        self.lab = lab.get(f"scale{self.digit}")
        self.meter = Meter()
        self.xdp = None
        self.sent = dict.fromkeys(DIRECTIONS, 0)
        self.sessions = Sessions(self.lab.ns("relay"), self.digit)
        self._route()

    def _route(self):
        ip = ["-6"] if self.family is lab.IPV6 else []
        for block, gateway in ROUTES[self.family]:
            to = ["via", getattr(self.family, gateway)] if gateway else ["dev", "lo"]
            kind = [] if gateway else ["local"]
            lab.ip(*ip, "-netns", self.lab.ns("relay"), "route", "add", *kind, block, *to)

    def run(self):
        result = {"family": self.family.name, "cost": [], "cost-xdp": [], "created": []}
        before, have = memory.Snapshot(), 0
        for channels in self.options.channels:
            say(f"{self.family.name}: {channels:,} channels")
            created = self.sessions.ask(f"add {channels - have}")
            result["created"].append({"sessions": channels - have, **created})
            have = channels
            self._expect(allocations=have, permissions=have, channels=have)
            if have == self.options.channels[-1]:
                result["memory"] = memory.Snapshot().since(before)
            result["cost"] += [self._cost(have, direction) for direction in DIRECTIONS]
            result["cost-xdp"] += self._cost_under_xdp(have)
        self._expect(**{direction: self.sent[direction] for direction in DIRECTIONS})
        self.meter.load(b"\x0e\x00" + bytes(14))
        result["memory-after-traffic"] = memory.Snapshot().since(before)
        result["deleted"] = self._delete(have)
        result["left"] = memory.wait_for_release(before, result["memory"]["total"] // 50 + OTHERS)
        self.sessions.ask(f"add {min(have, REMAINDER)}")
        self.sessions.end()
        return result

    def _expect(self, **expected):
        stats = self.sessions.ask("stats")
        for name, value in expected.items():
            if stats[name] != value:
                raise RuntimeError(f"{self.family.name}: the module has {stats[name]} {name}, expected {value}")

    def _delete(self, have):
        """Half of the sessions one by one, the others with one flush."""
        half = have // 2
        say(f"{self.family.name}: deleting {half:,}, flushing {have - half:,}")
        deleted = {"sessions": half, **self.sessions.ask(f"delete {half}")}
        flushed = {"sessions": have - half, **self.sessions.ask("flush")}
        self._expect(allocations=0, permissions=0, channels=0)
        return {"delete": deleted, "flush": flushed}

    def _frames(self, direction, way, sessions, count, file):
        subprocess.run(["build/tests/bench/session_frames", self.digit, direction, way, str(sessions), str(count),
                        file], check=True)

    def _run(self, direction, packets, warm_up, capture=False, base=False):
        """Through the relay, or, for base, dropped on arrival; as frames without skbs if there is XDP."""
        start, relay, end = ("cl", "rc", "pe") if direction == TO_PEER else ("pe", "rp", "cl")
        end = relay if base else end
        if self.xdp:
            self.xdp.drop_at(end, not capture)
        return self.meter.run((self.lab.dev(relay), self.lab.dev(end), None), packets, warm_up, capture,
                              self.xdp and self.lab.dev(start))

    def _send(self, direction, packets, warm_up, capture=False):
        cost = self._run(direction, packets, warm_up, capture)
        self.sent[direction] += packets + warm_up
        return cost

    def _verify(self, direction, channels):
        """One packet of each of so many flows, compared byte by byte with what must come out."""
        count = min(channels, VERIFIED)
        self._send(direction, count, 0, capture=True)
        self._frames(direction, "out", channels, count, "/tmp/expected")
        with open("/tmp/expected", "rb") as file:
            expected = sorted(frames.parse(frame) for frame in frames.unpack_set(file.read()))
        if sorted(frames.parse(frame) for frame in self.meter.captured()) != expected:
            raise RuntimeError(f"{self.family.name}, {direction}, {channels} channels: what came out is wrong")

    def _cost(self, channels, direction):
        """Every channel forwards a packet first, in an order that spreads those measured over all of them."""
        self._frames(direction, "in", channels, channels, FRAMES_FILE)
        self._verify(direction, channels)
        packets = self.options.packets
        samples = [self._send(direction, packets, channels)]
        samples += [self._send(direction, packets, 0) for _ in range(self.options.rounds - 1)]
        base = statistics.median(self._run(direction, packets, BURST, base=True) for _ in range(3))
        return {"channels": channels, "direction": direction, "samples": samples, "base": base}

    def _cost_under_xdp(self, channels):
        self.xdp = xdp.Xdp(self.lab)
        costs = []
        for direction in DIRECTIONS:
            self.xdp.open_door()
            costs.append(self._cost(channels, direction))
        self.xdp.close()
        self.xdp = None
        return costs


def unload():
    """Removes the module with the sessions that are left; returns how many nanoseconds that took."""
    start = time.monotonic_ns()
    subprocess.run(["rmmod", "kturn"], check=True)
    return time.monotonic_ns() - start


def parse_options():
    def numbers(text):
        return [int(number) for number in text.split(",")]

    parser = argparse.ArgumentParser(prog="tests/bench/scale", description="Measures what many channels cost.")
    parser.add_argument("--channels", type=numbers, default=[1, 1000, 1_000_000],
                        help="numbers of channels, ascending (1,1000,1000000)")
    parser.add_argument("--families", type=lambda text: text.split(","), default=["4"], help="of addresses (4), or 4,6")
    parser.add_argument("--packets", type=int, default=64000, help="in a measurement (64000)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each case (3)")
    parser.add_argument("--modules", nargs=2, required=True, metavar=("KTURN", "BENCH"), help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    options, results = parse_options(), os.environ["KTURN_RESULTS"]
    families = {"4": lab.IPV4, "6": lab.IPV6}
    try:
        for module in (f"{options.modules[1]}/kturn_bench.ko", f"{options.modules[0]}/kturn.ko"):
            subprocess.run(["insmod", module], check=True)
        lab.spread_neighbours()
        measured = [Scale(options, families[digit]).run() for digit in options.families]
        unloaded = unload()
    except (Lost, RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"scale: error: {error}")
    with open(f"{results}/measured.json", "w") as file:
        json.dump({"kernel": platform.release(), "burst": BURST, "unloaded": unloaded,
                   "families": measured}, file, indent=1)
    say("measured")


if __name__ == "__main__":
    main()
