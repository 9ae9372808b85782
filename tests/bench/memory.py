# SPDX-License-Identifier: BSD-3-Clause
"""What memory the kernel uses, by its own accounts."""

import time

PAGE = 4096
# Whatever the kernel hands out to its own parts, apart from single pages: slabs, vmalloc, per-CPU memory.
ACCOUNTS = ("Slab", "VmallocUsed", "Percpu")
# How long freed memory may take to come back: RCU and the worker that shrinks tables are in no hurry.
PATIENCE_SECONDS = 60


def meminfo():
    """The lines of /proc/meminfo, in bytes."""
    with open("/proc/meminfo") as file:
        return {name: int(value.split()[0]) * 1024 for name, value in (line.split(":") for line in file)}


def slabs():
    """Bytes of each cache: the pages that it holds, not only the objects in use."""
    with open("/proc/slabinfo") as file:
        lines = file.read().splitlines()[2:]
    caches = {}
    for line in lines:
        fields = line.split()
        caches[fields[0]] = int(fields[5]) * int(fields[14]) * PAGE
    return caches


class Snapshot:
    def __init__(self):
        info = meminfo()
        self.caches = slabs()
        self.accounts = {name: info[name] for name in ACCOUNTS}
        self.used = info["MemTotal"] - info["MemFree"] - info["Cached"] - info["Buffers"] - info["AnonPages"]

    def since(self, before):
        """What came on top, in bytes: by cache, by account, in all."""
        caches = {name: size - before.caches.get(name, 0) for name, size in self.caches.items()}
        accounts = {name: size - before.accounts[name] for name, size in self.accounts.items()}
        return {"caches": {name: size for name, size in sorted(caches.items(), key=lambda item: -item[1]) if size > 0},
                "accounts": accounts, "total": sum(accounts.values()), "used": self.used - before.used}


def wait_for_release(before, slack):
    """Waits until all but slack bytes of what came on top is given back. Returns what is left."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        left = Snapshot().since(before)["total"]
        if left <= slack or time.monotonic() > deadline:
            return left
        time.sleep(0.5)
