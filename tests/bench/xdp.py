# SPDX-License-Identifier: BSD-3-Clause
"""Native XDP in a lab: the module's door, and where frames without skbs end.

Frames that are measured are dropped by XDP where they arrive; those that are read become skbs there."""

import os
import subprocess

import lab

PINNED = "/sys/fs/bpf/kturn-bench"
ROLE = {"rc": "relay", "rp": "relay", "cl": "client", "pe": "peer"}


def load(file, program):
    """Pins the program of a file, under its own name."""
    if not os.path.exists(f"{PINNED}/{program}"):
        subprocess.run(["bpftool", "prog", "loadall", file, PINNED], check=True)


class Xdp:
    """The ends of a lab, all of which poll for frames: a veth does if it has a program, or GRO."""

    def __init__(self, where):
        self.lab, self.dropping = where, set()
        load("build/tests/bench/drop.bpf.o", "drop")
        self._poll("on")

    def _poll(self, switch):
        for end in ROLE:
            self._run(end, "ethtool", "-K", self.lab.dev(end), "gro", switch)

    def _run(self, end, *command):
        with lab.netns(self.lab.ns(ROLE[end])):
            return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout

    def _attach(self, end, program):
        self._run(end, "ip", "-force", "link", "set", "dev", self.lab.dev(end), "xdpdrv",
                  *(["pinned", f"{PINNED}/{program}"] if program else ["off"]))

    def open_door(self):
        """Attaches kturn's program to the relay's devices. kturn.ko must be loaded."""
        load("build/xdp/kturn_xdp.bpf.o", "kturn_xdp")
        for end in ("rc", "rp"):
            self._attach(end, "kturn_xdp")
        self.dropping -= {"rc", "rp"}

    def close(self):
        """Leaves the ends as they were, and nothing that holds kturn.ko."""
        for end in {"rc", "rp", *self.dropping}:
            self._attach(end, None)
        self._poll("off")
        os.unlink(f"{PINNED}/kturn_xdp")

    def drop_at(self, end, drop):
        """Whether frames that come to this end are dropped by XDP."""
        if drop != (end in self.dropping):
            self._attach(end, "drop" if drop else None)
            self.dropping ^= {end}

    def redirected(self, end):
        """How many of the frames that came to this end XDP has sent to another."""
        lines = self._run(end, "ethtool", "-S", self.lab.dev(end)).splitlines()
        return sum(int(line.split()[1]) for line in lines if line.split(":")[0].endswith("xdp_redirect"))
