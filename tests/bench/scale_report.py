#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What many channels cost, as a table, a JSON file and a verdict. usage: scale_report.py MEASURED.JSON DIRECTORY"""

import itertools
import json
import re
import statistics
import sys

# Where packets are taken, and what that is called in the file.
DOORS = {"at PRE_ROUTING": "cost", "under XDP, without skbs": "cost-xdp"}
DIRECTIONS = {"to-peer": "client to peer", "to-client": "peer to client"}
# Instructions that creating one object may take, system calls and growing tables included.
MOST_PER_CREATION = 15_000
# Bytes for an allocation with one permission and one channel, its blob and its share of the tables included.
MOST_MEMORY = 1024
# How much more a packet may cost among many channels than alone, net of receiving it.
MOST_GROWTH = 1.05
# How much may be left of a million sessions that are gone.
MOST_LEFT = 0.02
# The largest blob, KTURN_USERDATA_MAX, is a cache object of its own; sessions.c has one of 80 bytes.
BLOB_CACHE, LARGEST_BLOB = "kmalloc-96", 256

BLIND_SPOTS = ("What counting instructions cannot see: cache and TLB misses. A packet of one of a million channels finds"
               " less in the caches than one of a thousand; it looks at no more.")


class Family:
    """The figures of one IP version."""

    def __init__(self, measured):
        self.name = measured["family"]
        self.created = measured["created"]
        self.costs = {(door, c["channels"], c["direction"]): (statistics.median(c["samples"]), c["base"])
                      for door, key in DOORS.items() for c in measured[key]}
        self.sizes = sorted({c["channels"] for c in measured["cost"]})
        self.most = self.sizes[-1]
        self.memory = measured["memory-after-traffic"]
        self.used = measured["memory"]["used"]
        self.deleted, self.left = measured["deleted"], measured["left"]

    def total(self, door, channels, direction):
        return self.costs[door, channels, direction][0]

    def net(self, door, channels, direction):
        total, base = self.costs[door, channels, direction]
        return total - base

    def creation(self, kind):
        """Instructions for each object of a kind, of the largest number that was created at once."""
        last = self.created[-1]
        return last[kind]["total"] / last["sessions"]

    def bytes_per_session(self):
        return self.memory["total"] / self.most

    def with_largest_blob(self):
        return self.bytes_per_session() - self.memory["caches"].get(BLOB_CACHE, 0) / self.most + LARGEST_BLOB

    def deletion(self, how):
        done = self.deleted[how]
        return done[how]["total"] / done["sessions"]


def creation_table(family):
    rows = [f"  {'created':24}{'instructions each':>20}{'longest call for 1,024':>26}"]
    for kind in ("allocation", "permission", "channel"):
        longest = family.created[-1][kind]["longest"]
        rows.append(f"  {kind:24}{family.creation(kind):20,.0f}{longest:26,.0f}")
    rows += ["", f"  {'deleted, with all it has':24}{'instructions each':>20}"]
    for how, title in (("delete", "allocation by allocation"), ("flush", "all in one flush")):
        rows.append(f"  {title:24}{family.deletion(how):20,.0f}")
    return rows


def memory_table(family):
    rows = [f"  {'memory':24}{'bytes a session':>20}"]
    named = {name: size for name, size in family.memory["caches"].items() if size >= family.most}
    slab_rest = family.memory["accounts"]["Slab"] - sum(named.values())
    for name, size in [*named.items(), ("other slabs", slab_rest), ("tables (vmalloc)",
                                                                      family.memory["accounts"]["VmallocUsed"])]:
        rows.append(f"  {name:24}{size / family.most:20,.1f}")
    rows.append(f"  {'in all':24}{family.bytes_per_session():20,.1f}   (with the largest blob:"
                f" {family.with_largest_blob():,.0f}; what the machine had less: {family.used / family.most:,.0f})")
    return rows


def packet_table(family):
    rows = []
    for door in DOORS:
        rows += [f"  packets {door}",
                 f"  {'channels':>10}" + "".join(f"{title + ', total':>24}{'net':>9}" for title in DIRECTIONS.values())]
        for channels in family.sizes:
            rows.append(f"  {channels:>10,}" + "".join(
                f"{family.total(door, channels, d):24,.0f}{family.net(door, channels, d):9,.0f}" for d in DIRECTIONS))
    return rows


def judge(family):
    """Each gate, as (whether it holds, in words)."""
    for kind in ("allocation", "permission", "channel"):
        cost = family.creation(kind)
        yield cost <= MOST_PER_CREATION, (f"{family.name}: {kind} created in {cost:,.0f} of at most"
                                          f" {MOST_PER_CREATION:,} instructions")
    size = family.bytes_per_session()
    yield size <= MOST_MEMORY, f"{family.name}: a session takes {size:,.0f} of at most {MOST_MEMORY:,} bytes"
    for door, (direction, title) in itertools.product(DOORS, DIRECTIONS.items()):
        nets = [family.net(door, channels, direction) for channels in family.sizes]
        yield max(nets) <= min(nets) * MOST_GROWTH, (f"{family.name}, {title}: a packet {door} costs {min(nets):,.0f} to"
                                                     f" {max(nets):,.0f}, at most {MOST_GROWTH - 1:.0%} apart")
    left = family.left / family.memory["total"]
    yield left <= MOST_LEFT, f"{family.name}: {left:.2%} of the memory is left after deletion, at most {MOST_LEFT:.0%}"


def main():
    with open(sys.argv[1]) as file:
        measured = json.load(file)
    out = sys.argv[2]
    version = re.search(r'"(.+?)"', open("kmod/version.h").read())[1]
    families = [Family(family) for family in measured["families"]]
    print(f"\nWhat many channels cost\n  Linux {measured['kernel']}, kturn {version}; counted in one boot\n"
          "  a session is an allocation with one permission and one channel; net: less what receiving a packet costs")
    gates = []
    for family in families:
        print(f"\n{family.name}, {family.most:,} sessions")
        for table in (creation_table, memory_table, packet_table):
            print("\n" + "\n".join(table(family)))
        gates += judge(family)
    print(f"\nUnloading the module with what was created after that took {measured['unloaded'] / 1e6:,.0f} ms.")
    print(f"\n{BLIND_SPOTS}\n")
    for holds, text in gates:
        print(f"  {'ok    ' if holds else 'FAILED'}  {text}")
    with open(f"{out}/result.json", "w") as file:
        json.dump({**measured, "kturn": version, "blind_spots": BLIND_SPOTS,
                   "gates": [{"holds": holds, "text": text} for holds, text in gates]}, file, indent=1)
    print(f"\nWritten: {out}/result.json")
    if not all(holds for holds, _ in gates):
        sys.exit("scale: error: a gate does not hold")


if __name__ == "__main__":
    main()
