# SPDX-License-Identifier: BSD-3-Clause
"""What must hold. A gate compares what two paths cost, net of base, each way, in every section it is for."""

from collections import namedtuple

EQUAL_SIZES = ("172", "1200")

# words: "<ours> costs <words>". most: of what the other costs, by family or by direction; the same if it is not there.
# plus: instructions more, by family or the same. loads: those it is for, or None. quick: whether three rounds are enough for it.
Gate = namedtuple("Gate", "ours other words most plus loads quick", defaults=({}, 0, None, False))

GATES = (
    Gate("kturn", "ip-forward", "a third less than plain IP forwarding, on IPv6 a quarter",
         {"IPv4": 0.65, "IPv6": 0.75}),
    Gate("kturn", "conntrack", "less than plain IP forwarding + conntrack", quick=True),
    Gate("kturn", "coturn", "less than 1/7.5 of coturn 4.6.1 to the peer, 1/10 to the client",
         {"to-peer": 1 / 7.5, "to-client": 1 / 10}, loads=EQUAL_SIZES, quick=True),
    Gate("kturn", "coturn-4.18", "less than a seventh of coturn 4.18 at its best, on spread flows",
         {"to-peer": 1 / 7, "to-client": 1 / 7}, loads=(*EQUAL_SIZES, "mix")),
    Gate("hairpin", "ip-forward", "at most 0.70 of plain IP forwarding", {"to-peer": 0.7, "to-client": 0.7}),
    Gate("kturnd", "coturn", "at most 0.85 of coturn 4.6.1", {"to-peer": 0.85, "to-client": 0.85}),
    Gate("kturn-xdp", "xdp-base", "at most 1,300 instructions on IPv4, 1,500 on IPv6",
         plus={"IPv4": 1300, "IPv6": 1500}, loads=EQUAL_SIZES),
    Gate("miss-conntrack", "conntrack-again", "at most 60 instructions more than without a channel", plus=60),
)

# A complete authenticated allocation: at most so much of what it costs coturn.
ALLOCATION_MOST = 0.5
ALLOCATING = (("kturnd", "coturn"), ("kturnd", "coturn-4.18"), ("kturn", "coturn"), ("kturn", "coturn-4.18"))

# A packet of a client over TCP or TLS: at most so much of what it costs coturn.
STREAM_MOST = 1.0
STREAMING = (("kturnd", "coturn"), ("kturnd", "coturn-4.18"))

# Paths whose gates are reported, but do not count yet.
PENDING = set()


def judge(figures, quick):
    """Each gate in each case that was measured, with its numbers and whether it holds."""
    return [verdict(figures, gate, ours)
            for gate in GATES if gate.quick or not quick
            for ours in figures.cases.values()
            if ours["path"] == gate.ours and figures.like(ours, gate.other)
            and (gate.loads is None or ours["load"] in gate.loads)]


def verdict(figures, gate, ours):
    ways = (gate.most[key] for key in (ours["family"], ours["direction"]) if key in gate.most)
    plus = gate.plus[ours["family"]] if isinstance(gate.plus, dict) else gate.plus
    limit = next(ways, 1) * figures.like(ours, gate.other)["net"] + plus
    return {"gate": f"{ours['title']} costs {gate.words}", "case": figures.describe_case(ours),
            "net": ours["net"], "limit": limit, "holds": ours["net"] <= limit, "pending": gate.ours in PENDING}


def judge_allocations(allocations):
    """The gates of what allocations cost; allocations: (family, path) to title and net."""
    verdicts = []
    for (family, path), ours in allocations.items():
        for theirs in (allocations.get((family, other)) for mine, other in ALLOCATING if mine == path):
            if theirs:
                limit = ALLOCATION_MOST * theirs["net"]
                verdicts.append({"gate": f"An allocation costs {ours['title']} at most half of {theirs['title']}",
                                 "case": family, "net": ours["net"], "limit": limit, "holds": ours["net"] <= limit,
                                 "pending": False})
    return verdicts


def judge_streams(figures):
    """The gates of clients over TCP and TLS; figures: by transport, direction, load, size and path."""
    verdicts = []
    for (transport, direction, load, size, path), ours in figures.items():
        for theirs in (figures.get((transport, direction, load, size, other)) for mine, other in STREAMING
                       if mine == path):
            if theirs:
                limit = STREAM_MOST * theirs["median"]
                verdicts.append({"gate": f"A packet {direction.replace('-', ' ')} over {transport.upper()} costs"
                                         f" {ours['title']} at most what it costs {theirs['title']}",
                                 "case": f"{load}, {size} bytes", "net": ours["median"], "limit": limit,
                                 "holds": ours["median"] <= limit, "pending": False})
    return verdicts


def summary(verdicts):
    """A line for each gate, and one for the case that comes nearest to its limit, or for each beyond it."""
    lines = []
    for gate in dict.fromkeys(verdict["gate"] for verdict in verdicts):
        cases = [verdict for verdict in verdicts if verdict["gate"] == gate]
        beyond = [verdict for verdict in cases if not verdict["holds"]]
        word = "ok" if not beyond else "later" if beyond[0]["pending"] else "FAILED"
        lines.append(f"  {word:6}  {gate}: {len(cases) - len(beyond)} of {len(cases)} cases")
        worst = max(cases, key=lambda c: c["net"] / c["limit"])
        lines += [f"{'':10}{'beyond' if beyond else 'nearest'}: {c['case']}: {c['net']:,.0f} of {c['limit']:,.0f}"
                  for c in (beyond if word == "FAILED" else [worst])]
    return lines
