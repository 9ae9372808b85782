# SPDX-License-Identifier: BSD-3-Clause
"""Throughput as bars and latencies as dots, a row for each relay, in SVG."""

import math

from plot import text

WIDTH, LEFT, TOP, ROW = 960, 210, 104, 58
BARS = (LEFT, LEFT + 270)                   # where throughput is drawn, from left to right
DOTS = (LEFT + 390, WIDTH - 30)             # where latencies are
COLOURS = {"to_peer": "#1f6fb4", "to_client": "#c2410c"}
LABELS = {"to_peer": "client to peer", "to_client": "peer to client"}
RADII = {"p50": 6, "p99": 4.5, "p99.9": 3}


class LogAxis:
    """Microseconds, whole powers of ten at both ends."""

    def __init__(self, values):
        self.low = math.floor(math.log10(max(min(values), 1)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)

    def x(self, ns):
        return DOTS[0] + (math.log10(max(ns, 1)) - self.low) / (self.high - self.low) * (DOTS[1] - DOTS[0])

    def grid(self, bottom):
        out = []
        for power in range(self.low, self.high + 1):
            x = self.x(10 ** power)
            out.append(f'<path d="M{x:.1f} {TOP - 8}V{bottom}" stroke="#ddd"/>')
            out.append(text(x, bottom + 16, duration(10 ** power), 'class="small" text-anchor="middle"'))
        return out


def duration(ns):
    for unit, size in (("s", 10 ** 9), ("ms", 10 ** 6), ("us", 1000)):
        if ns >= size:
            return f"{ns // size} {unit}"
    return f"{ns} ns"


def dots(row, y, axis):
    """The percentiles of one relay: a line of dots each way, the rarer the smaller."""
    out = []
    for way, latencies in row["latency_ns_paced"].items():
        places = [axis.x(ns) for ns in latencies.values()]
        out.append(f'<path d="M{places[0]:.1f} {y}H{places[-1]:.1f}" stroke="{COLOURS[way]}" stroke-width="1.5"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y}" r="{RADII[name]}" fill="{COLOURS[way]}"/>'
                for name, x in zip(latencies, places)]
        y += 18
    return out


def legend():
    out, x = [], DOTS[0]
    for way, label in LABELS.items():
        out.append(f'<circle cx="{x + 5}" cy="84" r="5" fill="{COLOURS[way]}"/>' + text(x + 16, 88, label))
        x += 120
    return out


def svg(summary, head, rate):
    values = [ns for row in summary for latencies in row["latency_ns_paced"].values() for ns in latencies.values()]
    axis, bottom = LogAxis(values), TOP + ROW * len(summary)
    scale = (BARS[1] - BARS[0]) / max(row["received_per_second"] for row in summary)
    height = bottom + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
           "<style>text{font:13px sans-serif;fill:#222}.head{font-size:17px;font-weight:600}"
           ".small{font-size:11px;fill:#666}</style>",
           f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
           text(20, 30, "kturn-bench against each relay", 'class="head"'), text(20, 49, head, 'class="small"'),
           text(BARS[0], 76, "datagrams relayed per second, flat out"),
           text(DOTS[0], 68, f"latency at {rate:,}/s: p50, p99 and p99.9"), *legend(), *axis.grid(bottom)]
    y = TOP
    for row in summary:
        length = row["received_per_second"] * scale
        out.append(text(LEFT - 10, y + 22, row["title"], 'text-anchor="end"'))
        out.append(f'<rect x="{BARS[0]}" y="{y + 6}" width="{length:.1f}" height="24" rx="2" fill="#8ab8dd"/>')
        out.append(text(BARS[0] + length + 6, y + 22, f"{row['received_per_second']:,.0f}"))
        out += dots(row, y + 9, axis)
        y += ROW
    return "\n".join(out + ["</svg>"]) + "\n"
