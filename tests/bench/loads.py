# SPDX-License-Identifier: BSD-3-Clause
"""What is sent over the flows of a path: of which flow and how large each packet is, one after the other.

A load has a name, a title for the table, and `packets`: (flow, size) each, sent over and over. `flows` is how many
there are, `count` how many packets a measurement has. The same numbers give the same packets, always.
"""

import itertools
import random


class Spread:
    """Packets of one size, each of another flow: no two in a burst have anything else in common."""

    def __init__(self, size):
        self.size = size
        self.name, self.title = str(size), f"{size:,} bytes of payload"

    def packets(self, flows, _count):
        return [(flow, self.size) for flow in range(flows)]


class Runs:
    """Packets of one size, many of a flow in a row: what a relay that batches, or uses UDP GSO, wishes for."""

    name, SIZE, LENGTH, FLOWS = "runs", 172, 64, 10
    title = f"{SIZE} bytes, runs of {LENGTH}"

    def packets(self, flows, _count):
        return [(flow, self.SIZE) for flow in range(min(flows, self.FLOWS)) for _ in range(self.LENGTH)]


class Mix:
    """Calls: three flows in four carry sound, one carries pictures. All have their turn in every round, each round in
    another order: sound with one small packet, a picture with several large ones in a row. They are of one size but
    for the last, as a picture is cut up to be sent."""

    name, title = "mix", "mix of sound and pictures"
    SOUND = (60, 72, 88, 96, 108, 120, 132, 172)
    PICTURE = (780, 940, 1060, 1120, 1180, 1200)
    LAST = (90, 240, 410, 560, 700)
    MOST = 8

    def packets(self, flows, count):
        return list(itertools.islice(self._rounds(flows), count))

    def _rounds(self, flows):
        draw, order = random.Random(8656), list(range(flows))
        while True:
            draw.shuffle(order)
            for flow in order:
                if flow % 4:
                    yield flow, draw.choice(self.SOUND)
                else:
                    yield from [(flow, draw.choice(self.PICTURE))] * draw.randint(1, self.MOST - 1)
                    yield flow, draw.choice(self.LAST)


def named(name):
    """The load of a name as the command line has it: mix, runs, or the size of a payload."""
    for kind in (Mix, Runs):
        if name == kind.name:
            return kind()
    return Spread(int(name))
