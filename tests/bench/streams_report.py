#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""From samples to a table, a JSON file and a verdict. usage: streams_report.py MEASURED.JSON DIRECTORY"""

import json
import statistics
import sys

import gates
from report import DIRECTIONS, describe_machine, print_note

BLIND_SPOTS = ("What this cannot see: all that counting instructions cannot (caches, the price of system call entry and"
               " of context switches on a real processor, several processors), offloads of real network cards, kernel"
               " TLS, congestion and loss, and clients that read slowly.")
CLOCK = ("Counted is what the server's host does: program, system calls and network stack, receiving included, by the"
         " scheduler's accounts. Clients and peers are another host's, and what they do is not in the figures.")


def sum_up(cases):
    """Median, minimum and maximum of each, by all that it is: transport, direction, load, size, path."""
    figures = {}
    for case in cases:
        samples = case["samples"]
        case.update(median=statistics.median(samples), min=min(samples), max=max(samples))
        figures[case["transport"], case["direction"], case["load"], case["size"], case["path"]] = case
    return figures


def table(figures):
    titles = {case["path"]: case["title"] for case in figures.values()}
    lines = []
    for transport, load in dict.fromkeys((key[0], key[2]) for key in figures):
        of_load = {key: case for key, case in figures.items() if (key[0], key[2]) == (transport, load)}
        columns = list(dict.fromkeys((key[1], key[3]) for key in of_load))
        title = next(iter(of_load.values()))["load_title"]
        lines += ["", f"{transport.upper()}, {title}",
                  f"{'':32}" + "".join(f"{DIRECTIONS[way] + f', {size}':>30}" for way, size in columns),
                  f"{'':32}" + "".join(f"{'median':>10}{'min':>10}{'max':>10}" for _ in columns)]
        for path, title in titles.items():
            row = [of_load[transport, way, load, size, path] for way, size in columns]
            lines.append(f"  {title:30}" + "".join(f"{case[key]:10,.0f}" for case in row
                                                   for key in ("median", "min", "max")))
    return "\n".join(lines[1:])


def main():
    with open(sys.argv[1]) as file:
        measured = json.load(file)
    machine, figures = describe_machine(measured), sum_up(measured["cases"])
    print(f"""
Executed instructions per relayed packet, clients over TCP and TLS
  Linux {machine['kernel']}, kturn {machine['kturn']}, coturn {' and '.join(machine['coturn'].values())}
  {machine['qemu']}, {machine['qemu_options']}
  one boot; {measured['clients']} clients over each transport, each with an allocation, a channel and a peer
  {measured['cipher'][1]}, {measured['cipher'][0]}; {'; '.join(f'{k}: {v}' for k, v in measured['openssl'].items())}
  columns: direction, bytes of payload; median, minimum and maximum of {measured['rounds']} rounds taken in turn
""")
    print(table(figures))
    for note in (CLOCK, BLIND_SPOTS):
        print_note(note)
    verdicts = gates.judge_streams(figures)
    print("\n" + "\n".join(gates.summary(verdicts)))
    with open(f"{sys.argv[2]}/result.json", "w") as file:
        json.dump({"machine": machine, "unit": "instructions per packet", "blind_spots": BLIND_SPOTS,
                   "openssl": measured["openssl"], "cipher": measured["cipher"], "rounds": measured["rounds"],
                   "cases": measured["cases"], "gates": verdicts}, file, indent=1)
    print(f"\nWritten: {sys.argv[2]}/result.json")
    if not all(verdict["holds"] for verdict in verdicts):
        sys.exit("streams: error: a gate does not hold")


if __name__ == "__main__":
    main()
