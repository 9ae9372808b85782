# SPDX-License-Identifier: BSD-3-Clause
"""The figures as bars, one pair for each path, in SVG."""

from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP = 920, 250, 130, 92
BAR, GAP, GROUP = 13, 3, 42
COLOURS = {"to-peer": "#1f6fb4", "to-client": "#8ab8dd"}
OURS = {"to-peer": "#c2410c", "to-client": "#f4a259"}
LABELS = {"to-peer": "client to peer", "to-client": "peer to client"}


def text(x, y, content, extra=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" {extra}>{escape(content)}</text>'


def bars(cases, y, scale):
    """The two bars of one path."""
    out = []
    for case in cases:
        colour = (OURS if case["path"] in ("kturn", "kturn-xdp") else COLOURS)[case["direction"]]
        length = max(case["net"] * scale, 1)
        out.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>')
        value = f"{case['net']:,.0f} ({case['ratio']:.2f}×)"
        out.append(text(LEFT + length + 6, y + BAR - 2, value, 'class="value"'))
        y += BAR + GAP
    return out


def legend():
    out, x = [], LEFT
    for direction, label in LABELS.items():
        out.append(f'<rect x="{x}" y="62" width="12" height="12" rx="2" fill="{COLOURS[direction]}"/>')
        out.append(f'<rect x="{x + 15}" y="62" width="12" height="12" rx="2" fill="{OURS[direction]}"/>')
        out.append(text(x + 34, 72, label))
        x += 160
    return out


def rows(figures, section):
    """(title, what is different about it, two cases) of each row, cheapest first.

    Relays, and what they are compared with, on the section's load; those that use UDP GSO also on the load for it."""
    drawn, bases = [], {case["base"] for case in figures.cases.values()}
    for name, title in figures.paths(section).items():
        if name not in bases and not name.startswith("miss") and not name.endswith("-again"):
            drawn.append((title, "", figures.both_ways(section, name)))
    runs = section[0], "runs"
    for name, title in figures.paths(runs).items():
        cases = figures.both_ways(runs, name)
        if all(0 < case["skbs"] < 1 for case in cases):
            drawn.append((title, f"on {cases[0]['load_title']}", cases))
    return sorted(drawn, key=lambda row: sum(case["net"] for case in row[2]))


def svg(figures, machine):
    """A plot of the first section: IPv4, smallest payload."""
    section = figures.sections()[0]
    drawn = rows(figures, section)
    scale = (WIDTH - LEFT - RIGHT) / max(case["net"] for _, _, cases in drawn for case in cases)
    height = TOP + GROUP * len(drawn) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
           "<style>text{font:13px sans-serif;fill:#222}.head{font-size:17px;font-weight:600}"
           ".small{font-size:11px;fill:#666}.value{font-size:12px}</style>",
           f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
           text(20, 30, "Instructions per relayed packet", 'class="head"'),
           text(20, 49, f"{figures.describe(section)}; net of receiving the packet;"
                        " in brackets: over plain IP forwarding", 'class="small"'), *legend()]
    y = TOP
    for title, but, cases in drawn:
        out.append(text(LEFT - 10, y + BAR + (-2 if but else GAP), title, 'text-anchor="end"'))
        if but:
            out.append(text(LEFT - 10, y + 2 * BAR - 1, but, 'text-anchor="end" class="small"'))
        out += bars(cases, y, scale)
        y += GROUP
    out.append(text(20, height - 14, f"Linux {machine['kernel']}, executed instructions counted by QEMU"
                                     f" ({machine['qemu_options']})", 'class="small"'))
    return "\n".join(out + ["</svg>"]) + "\n"
