#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""From samples to a table, a plot, a JSON file and a verdict. usage: report.py MEASURED.JSON DIRECTORY"""

import json
import re
import statistics
import subprocess
import sys
import textwrap

import gates
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
        "coturn": measured["coturn"],
    }


class Figures:
    """The median of each case, and what is made of it."""

    def __init__(self, cases):
        self.cases = {(c["family"], c["load"], c["path"], c["direction"]): c for c in cases}
        for case in cases:
            case["median"] = statistics.median(case["samples"])
            case["min"], case["max"] = min(case["samples"]), max(case["samples"])
        for case in cases:
            case["net"] = case["median"] - self.like(case, case["base"])["median"]
        for case in cases:
            case["ratio"] = case["net"] / self.like(case, "ip-forward")["net"]

    def like(self, case, path):
        """The case of another path that is like this one, or None."""
        return self.find(case["family"], case["load"], path, case["direction"])

    def find(self, family, load, path, direction):
        return self.cases.get((family, load, path, direction))

    def sections(self):
        """Family and load, in the order they were measured."""
        return list(dict.fromkeys(key[:2] for key in self.cases))

    def describe(self, section):
        """A section in words."""
        family, load = section
        title = next(c["load_title"] for key, c in self.cases.items() if key[:2] == section)
        return f"{family}, {title}"

    def describe_case(self, case):
        return f"{self.describe((case['family'], case['load']))}, {DIRECTIONS[case['direction']]}"

    def paths(self, section):
        """Names and titles of the paths in a section, in the order they were measured."""
        return {c["path"]: c["title"] for key, c in self.cases.items() if key[:2] == section}

    def both_ways(self, section, path):
        """The two cases of a path in a section, or None if it was not measured."""
        cases = [self.find(*section, path, direction) for direction in DIRECTIONS]
        return None if None in cases else cases


def table(figures):
    lines = []
    for section in figures.sections():
        lines += ["", figures.describe(section).ljust(36)
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


def sum_up_allocations(measured):
    """What was measured of allocations, by family and path: the median of each step and of both together."""
    allocations = {}
    for entry in measured:
        steps = entry["samples"]
        both = [sum(costs) for costs in zip(*steps.values())]
        allocations[entry["family"], entry["path"]] = {
            **entry, "steps": {step: statistics.median(costs) for step, costs in steps.items()},
            "net": statistics.median(both), "min": min(both), "max": max(both)}
    return allocations


def allocation_table(allocations):
    lines = ["A complete authenticated allocation: 401, then success; net of receiving the requests",
             f"{'':36}{'401':>10}{'success':>10}{'both':>10}{'min':>10}{'max':>10}"]
    for (family, _), entry in allocations.items():
        lines.append(f"  {entry['title'] + ', ' + family:34}" + "".join(
            f"{value:10,.0f}" for value in (*entry["steps"].values(), entry["net"], entry["min"], entry["max"])))
    return "\n".join(lines)


def beside_coturn(figures):
    """What a reader remembers: of the first section, and of the one that coturn's GSO is made for."""
    sentences = []
    for coturn, section in (("coturn", figures.sections()[0]), ("coturn-4.18", figures.sections()[0]),
                            ("coturn-4.18", ("IPv4", "runs"))):
        ours, theirs = (figures.both_ways(section, path) for path in (KERNEL_PATH, coturn))
        if ours and theirs:
            times = " and ".join(f"{t['net'] / o['net']:.1f} times ({words})"
                                 for o, t, words in zip(ours, theirs, DIRECTIONS.values()))
            sentences.append(f"A packet costs {theirs[0]['title']} {times} what it costs kturn's kernel path"
                             f" ({figures.describe(section)}; net).")
    return sentences


def of_segmentation(figures):
    """Whether UDP GSO was used: how many packets one skb stood for when it came to the sink."""
    used = {}
    for case in figures.cases.values():
        if 0 < case["skbs"] < 1:    # frames under XDP are no skbs
            used.setdefault(f"{case['title']}, on {case['load_title']}", []).append(1 / case["skbs"])
    if not used:
        return "No relay used UDP GSO: every packet came in an skb of its own."
    return (f"UDP GSO was used by {'; '.join(f'{words}: {min(n):.1f} packets an skb' for words, n in used.items())}."
            " Everywhere else every packet had an skb of its own.")


def of_a_miss(figures):
    """What the module costs packets that are not its own, of the first section."""
    section, costs = figures.sections()[0], []
    for beside, without, words in (("miss", "ip-forward", "where no other hook is"),
                                   ("miss-conntrack", "conntrack-again", "beside conntrack")):
        pair = [figures.both_ways(section, path) for path in (beside, without)]
        if None not in pair:
            costs.append(" and ".join(f"{b['net'] - w['net']:,.0f}" for b, w in zip(*pair)) + f" {words}")
    if not costs:
        return "No figure for other traffic: it was not measured beside kturn.ko."
    return f"A packet that is not TURN pays kturn.ko {', '.join(costs)} (each way; {figures.describe(section)})."


def print_heading(machine, measured):
    coturns = " and ".join(machine["coturn"].values()) or "not measured"
    print(f"""
Executed instructions per relayed packet
  Linux {machine['kernel']}, kturn {machine['kturn']}, coturn {coturns}, {machine['compiler']}
  {machine['qemu']}, {machine['qemu_options']}
  one boot; bursts of {measured['burst']} packets; median, minimum, maximum of {measured['rounds']} rounds taken in turn
  net: total less "dropped on arrival"; x fwd: net over plain IP forwarding's net
""")


def print_note(note):
    print("\n" + textwrap.fill(note, 118, subsequent_indent="  ", break_on_hyphens=False))


def main():
    with open(sys.argv[1]) as file:
        measured = json.load(file)
    out = sys.argv[2]
    machine, figures = describe_machine(measured), Figures(measured["cases"])
    allocations = sum_up_allocations(measured["allocations"])
    print_heading(machine, measured)
    if figures.cases:
        print(table(figures))
    if allocations:
        print("\n" + allocation_table(allocations))
    for note in (*measured["notes"], BLIND_SPOTS):
        print_note(note)
    if figures.cases:
        for note in (*beside_coturn(figures), of_segmentation(figures), of_a_miss(figures)):
            print_note(note)
    verdicts = gates.judge(figures, measured["quick"]) + gates.judge_allocations(allocations)
    print("\n" + "\n".join(gates.summary(verdicts)))
    with open(f"{out}/result.json", "w") as file:
        json.dump({"machine": machine, "unit": "instructions per packet", "burst": measured["burst"],
                   "rounds": measured["rounds"], "notes": measured["notes"], "blind_spots": BLIND_SPOTS,
                   "cases": measured["cases"], "allocations": list(allocations.values()), "gates": verdicts},
                  file, indent=1)
    written = [f"{out}/result.json"]
    if figures.cases:
        written.append(f"{out}/result.svg")
        with open(written[-1], "w") as file:
            file.write(plot.svg(figures, machine))
    print(f"\nWritten: {', '.join(written)}")
    if not all(verdict["holds"] or verdict["pending"] for verdict in verdicts):
        sys.exit("bench: error: a gate does not hold")


if __name__ == "__main__":
    main()
