#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""From runs of kturn-bench to a table, a plot and a JSON file. usage: load_report.py LOADED.JSON DIRECTORY"""

import json
import statistics
import sys
import textwrap

import load_plot

WAYS = {"to_peer": "to peer", "to_client": "to client"}
PERCENTILES = {"p50": 50, "p99": 99, "p99.9": 99.9}

INSTRUCTIONS = ("The guest's clock counts executed instructions: a processor that does a thousand million in a second"
                " and never misses a cache. Figures repeat, however busy the host is. What they cannot see: caches, the"
                " price of system call entry and of several processors at once, real network cards. The one processor"
                " runs generator and relay, so the generator's own work is in every throughput, and weighs most on the"
                " fastest relay.")
WALL = ("Two processors, one for the generator and one for the relay, and the host's clock: without KVM such figures"
        " say nothing, and with it they are those of this host at this moment.")


class Figures:
    """What each relay did, all rounds together."""

    def __init__(self, samples):
        self.samples = samples
        self.relays = {sample["relay"]: sample["title"] for sample in samples}

    def of(self, relay, mode):
        return [s["result"] for s in self.samples if s["relay"] == relay and s["mode"] == mode]

    def throughputs(self, relay):
        """Datagrams relayed per second, both ways together, in each round flat out."""
        return [sum(result[way]["received_per_second"] for way in WAYS) for result in self.of(relay, "flat out")]

    def loss(self, relay, mode):
        """Percent, and how many of it the generator lost itself."""
        counts = [result[way] for result in self.of(relay, mode) for way in WAYS]
        return 100 * sum(c["lost"] for c in counts) / sum(c["sent"] for c in counts)

    def latencies(self, relay, way, mode="paced"):
        """Percentiles over all rounds, in nanoseconds."""
        buckets = {}
        for result in self.of(relay, mode):
            for value, count in result[way]["latency_ns"]["histogram"]:
                buckets[value] = buckets.get(value, 0) + count
        total = sum(buckets.values())
        return {name: percentile(sorted(buckets.items()), total * percent / 100)
                for name, percent in PERCENTILES.items()}

    def summary(self):
        """Everything in the table, for the JSON file."""
        return [{"relay": relay, "title": title,
                 "received_per_second": statistics.median(self.throughputs(relay)),
                 "received_per_second_each_round": self.throughputs(relay),
                 "loss_percent_flat_out": self.loss(relay, "flat out"),
                 "loss_percent_paced": self.loss(relay, "paced"),
                 "latency_ns_paced": {way: self.latencies(relay, way) for way in WAYS},
                 "forwarded": [s["forwarded"] for s in self.samples if s["relay"] == relay]}
                for relay, title in self.relays.items()]


def percentile(buckets, rank):
    seen = 0
    for value, count in buckets:
        seen += count
        if seen >= rank:
            return value
    return 0


def table(summary):
    first = summary[0]["received_per_second"]
    lines = [f"{'':32}{'flat out':^46}{'paced':>8}{'latency paced, us':>45}",
             f"{'':32}{'relayed/s':>12}{'min':>10}{'max':>10}{'ratio':>7}{'lost %':>8}{'lost %':>8}{'':13}"
             f"{'p50':>10}{'p99':>10}{'p99.9':>10}"]
    for row in summary:
        each = row["received_per_second_each_round"]
        head = (f"{row['title']:32}{row['received_per_second']:12,.0f}{min(each):10,.0f}{max(each):10,.0f}"
                f"{row['received_per_second'] / first:7.2f}{row['loss_percent_flat_out']:8.3f}"
                f"{row['loss_percent_paced']:8.3f}")
        for way, words in WAYS.items():
            latency = row["latency_ns_paced"][way]
            lines.append(f"{head:87}   {words:10}" + "".join(f"{latency[p] / 1000:10,.1f}" for p in PERCENTILES))
            head = ""
    return "\n".join(lines)


def proofs(summary):
    """Who relayed, by the counters of kturnd and the module."""
    lines = []
    for row in summary:
        counted = [c for c in row["forwarded"] if c]
        if not counted:
            lines.append(f"  {row['title']:32}keeps no counters that could be asked")
            continue
        total = {by: sum(sum(c[by].values()) for c in counted) for by in ("kernel", "userspace")}
        lines.append(f"  {row['title']:32}{total['kernel']:10,} by the kernel {total['userspace']:10,} by kturnd")
    return "\n".join(lines)


def main():
    with open(sys.argv[1]) as file:
        measured = json.load(file)
    out, options = sys.argv[2], measured["options"]
    summary = Figures(measured["samples"]).summary()
    caveat = INSTRUCTIONS if measured["cpus"] == 1 else WALL
    head = (f"Linux {measured['kernel']}; {options['allocations']} allocations with"
            f" {options['channels']} channels each, {options['size']} bytes of payload, both ways at once")
    print(f"""
kturn-bench against each relay, in one boot
  {head}
  flat out: at most {options['in_flight']} datagrams under way each way; paced: {measured['rate']:,} datagrams/s in all
  {options['rounds']} x {options['seconds']} s each, taken in turn; median, minimum and maximum; latencies of all rounds
""")
    print(table(summary))
    print(f"\nRelayed, warm-up included:\n{proofs(summary)}")
    print("\n" + textwrap.fill(caveat, 118))
    with open(f"{out}/result.json", "w") as file:
        json.dump({"about": head, "caveat": caveat, "rate": measured["rate"], "options": options, "relays": summary,
                   "runs": measured["samples"]}, file, indent=1)
    with open(f"{out}/result.svg", "w") as file:
        file.write(load_plot.svg(summary, head, measured["rate"]))
    print(f"\nWritten: {out}/result.json, {out}/result.svg")


if __name__ == "__main__":
    main()
