# SPDX-License-Identifier: BSD-3-Clause
"""What the host of a server does, told apart from what its clients and peers do, by the scheduler's accounts.

The test module kturn_rx has the receiving of each device done by a thread of its own. A host's instructions are then
those of its program and of its devices' threads: all in user mode, all system calls, all that the network stack does."""

import contextlib
import glob
import os
import subprocess

DIRECTORY = "/sys/kernel/debug/kturn_rx"
MILLION = 1_000_000
# The generator sends a burst before anybody else runs; a host receives it before its program runs; the far ends of the
# wires receive when nobody has anything else to do.
GENERATOR_PRIORITY, HOST_PRIORITY = 90, 50


def start(module):
    """Loads the module. Refuses to take a clock for a counter."""
    subprocess.run(["insmod", module], check=True)
    with open("/proc/sys/kernel/sched_rt_runtime_us", "w") as file:
        file.write("-1")
    with open(f"{DIRECTORY}/calibration") as file:
        took = int(file.read())
    if abs(took - MILLION) > MILLION // 100:
        raise SystemExit(f"a million instructions took {took} ns: QEMU does not count instructions (-icount shift=0)")
    if os.cpu_count() != 1:
        raise SystemExit("more than one processor: the order in which threads run would be left to chance")


def run_first():
    """The caller is the generator. What it starts is not."""
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(GENERATOR_PRIORITY))


class Host:
    """The host of one process, with the relay's devices of its lab."""

    def __init__(self, lab, pid):
        self.pid = pid
        self.threads = [self._thread(lab.dev(end)) for end in ("rc", "rp")]
        for thread in self.threads:
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(HOST_PRIORITY))
        for end in ("cl", "pe"):
            os.sched_setscheduler(self._thread(lab.dev(end)), os.SCHED_IDLE, os.sched_param(0))

    @staticmethod
    def _thread(device):
        with open(f"{DIRECTORY}/devices", "w") as file:
            file.write(device)
        with open(f"{DIRECTORY}/devices") as file:
            return int(dict(line.split() for line in file)[device])

    def instructions(self):
        """All so far. Exact only for threads that sleep, which all do when they have nothing left to do."""
        total = 0
        for path in [*glob.glob(f"/proc/{self.pid}/task/*/schedstat"),
                     *(f"/proc/{thread}/schedstat" for thread in self.threads)]:
            with contextlib.suppress(FileNotFoundError), open(path) as file:
                total += int(file.read().split()[0])
        return total
