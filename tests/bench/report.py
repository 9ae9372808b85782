#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""From samples to a table, a plot, a JSON file and a verdict. usage: report.py MEASURED.JSON DIRECTORY"""

import json
import re
import statistics
import subprocess
import sys
import textwrap

import plot

DIRECTIONS = {"to-peer": "client to peer", "to-client": "peer to client"}
KERNEL_PATH = "kturn"

BLIND_SPOTS = ("What counting instructions cannot see: cache and TLB misses, the price of atomics and locks, of system"
               " call entry and context switches on a real processor, and several processors at once. Daemons pay"
               " most of these, so the figures flatter them.")


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def describe_machine(measured):
    return {
        "kernel": measured["kernel"],
        "cpu": measured["cpu"],
        "qemu": output_of("qemu-system-x86_64", "--version").splitlines()[0],
        "qemu_options": re.search(r"-icount.*(?=\) ;;)", open("tests/vm/run").read())[0],
        "compiler": output_of("gcc", "--version").splitlines()[0],
        "kturn": re.search(r'"(.+?)"', open("kmod/version.h").read())[1],
        "coturn": output_of("dpkg-query", "-W", "-f", "${Version}", "coturn"),
    }


class Figures:
    """The median of each case, and what is made of it."""

    def __init__(self, cases):
        self.cases = {(c["family"], c["payload"], c["path"], c["direction"]): c for c in cases}
        for case in cases:
            case["median"] = statistics.median(case["samples"])
            case["min"], case["max"] = min(case["samples"]), max(case["samples"])
        for case in cases:
            case["net"] = case["median"] - self._like(case, "base")["median"]
        for case in cases:
            case["ratio"] = case["net"] / self._like(case, "ip-forward")["net"]

    def _like(self, case, path):
        return self.cases[case["family"], case["payload"], path, case["direction"]]

    def find(self, family, payload, path, direction):
        return self.cases.get((family, payload, path, direction))

    def sections(self):
        return sorted({key[:2] for key in self.cases})

    def paths(self, section):
        """Names and titles of the paths in a section, in the order they were measured."""
        return {c["path"]: c["title"] for key, c in self.cases.items() if key[:2] == section}


def table(figures):
    lines = []
    for section in figures.sections():
        family, payload = section
        lines += ["", f"{family}, {payload:,} bytes of payload".ljust(36)
                  + "".join(title.center(46) for title in DIRECTIONS.values()).rstrip(),
                  (" " * 36 + 2 * f"{'total':>9}{'min':>9}{'max':>9}{'net':>9}{'x fwd':>8}  ").rstrip()]
        for path, title in figures.paths(section).items():
            line = f"  {title:34}"
            for direction in DIRECTIONS:
                case = figures.find(*section, path, direction)
                line += "".join(f"{case[key]:9,.0f}" for key in ("median", "min", "max", "net"))
                line += f"{case['ratio']:8.2f}  "
            lines.append(line.rstrip())
    return "\n".join(lines[1:])


def in_a_sentence(figures):
    """What a reader remembers, of the first section."""
    section = family, payload = figures.sections()[0]
    ours, theirs = ([figures.find(*section, path, direction) for direction in DIRECTIONS]
                    for path in (KERNEL_PATH, "coturn"))
    if None in ours + theirs:
        return "No comparison: the kernel path or coturn was not measured."
    times = " and ".join(f"{t['net'] / o['net']:.1f} times ({words})"
                         for o, t, words in zip(ours, theirs, DIRECTIONS.values()))
    return f"A packet costs coturn {times} what it costs kturn's kernel path ({family}, {payload:,} bytes, net)."


def of_a_miss(figures):
    """What the module costs packets that are not its own, of the first section."""
    section = family, payload = figures.sections()[0]
    costs = []
    for beside, without, words in (("miss", "ip-forward", "where no other hook is"),
                                   ("miss-conntrack", "conntrack", "beside conntrack")):
        pairs = [(figures.find(*section, beside, d), figures.find(*section, without, d)) for d in DIRECTIONS]
        if all(case for pair in pairs for case in pair):
            costs.append(" and ".join(f"{b['net'] - w['net']:,.0f}" for b, w in pairs) + f" {words}")
    if not costs:
        return "No figure for other traffic: it was not measured beside kturn.ko."
    return (f"A packet that is not TURN pays kturn.ko {', '.join(costs)} (instructions each way; {family},"
            f" {payload:,} bytes).")


# What must hold: (path, the most that the kernel path may cost of it by family, in words).
GATES = (("ip-forward", {"IPv4": 0.65, "IPv6": 0.75}, "costs a third less than plain IP forwarding"),
         ("conntrack", {}, "costs less than plain IP forwarding + conntrack"),
         ("coturn", {"IPv4": 1 / 7.5, "IPv6": 1 / 7.5}, "costs less than a seventh of coturn's"))


def judge(figures, quick):
    """Each gate of what was measured, with its numbers and whether it holds, net of base.

    Three rounds are too few for the first one, which has no room for noise."""
    verdicts = [verdict(figures, section, direction, gate)
                for section in figures.sections() for gate in GATES[1 if quick else 0:] for direction in DIRECTIONS]
    return [v for v in verdicts if v]


def verdict(figures, section, direction, gate):
    other, most, words = gate
    family, payload = section
    ours, theirs = (figures.find(*section, path, direction) for path in (KERNEL_PATH, other))
    if not ours or not theirs:
        return None
    limit = most.get(family, 1.0) * theirs["net"]
    return {"family": family, "payload": payload, "direction": direction, "gate": words,
            "holds": ours["net"] < limit,
            "text": f"{family}, {payload:,} bytes, {DIRECTIONS[direction]}: the kernel path {words}:"
                    f" {ours['net']:,.0f} of at most {limit:,.0f}"}


def main():
    with open(sys.argv[1]) as file:
        measured = json.load(file)
    out = sys.argv[2]
    machine, figures = describe_machine(measured), Figures(measured["cases"])
    rounds = len(measured["cases"][0]["samples"])
    print(f"""
Executed instructions per relayed packet
  Linux {machine['kernel']}, kturn {machine['kturn']}, coturn {machine['coturn']}, {machine['compiler']}
  {machine['qemu']}, {machine['qemu_options']}
  one boot; bursts of {measured['burst']} packets; median, minimum and maximum of {rounds} rounds taken in turn
  net: total less "dropped on arrival"; x fwd: net over plain IP forwarding's net
""")
    print(table(figures))
    for note in [*measured["notes"], BLIND_SPOTS]:
        print("\n" + textwrap.fill(note, 118, subsequent_indent="  ", break_on_hyphens=False))
    print(f"\n{in_a_sentence(figures)}")
    print(f"{of_a_miss(figures)}\n")
    verdicts = judge(figures, measured["quick"])
    for verdict in verdicts:
        print(f"  {'ok    ' if verdict['holds'] else 'FAILED'}  {verdict['text']}")
    with open(f"{out}/result.json", "w") as file:
        json.dump({"machine": machine, "unit": "instructions per packet", "burst": measured["burst"],
                   "rounds": rounds, "notes": measured["notes"], "blind_spots": BLIND_SPOTS,
                   "cases": measured["cases"], "gates": verdicts}, file, indent=1)
    with open(f"{out}/result.svg", "w") as file:
        file.write(plot.svg(figures, machine))
    print(f"\nWritten: {out}/result.json, {out}/result.svg")
    if not all(verdict["holds"] for verdict in verdicts):
        sys.exit("bench: error: a gate does not hold")


if __name__ == "__main__":
    main()
