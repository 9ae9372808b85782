#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Inside the guest: kturn-bench against one relay after the other, in turn, round after round.

    load namespace                      relay namespace
    clients  10.0.1.2  cl ------ rc  10.0.1.1  server
    peers    10.0.2.2  pe ------ rp  10.0.2.1  relayed addresses

Clients and peers are sockets of one kturn-bench, so that one clock times both ways. Where there are two processors,
each side has one of its own, for programs and network stack: receive packet steering hands over what comes in.
"""

import argparse
import contextlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time

import lab
import paths

LOAD_CPU, RELAY_CPU = 0, os.cpu_count() - 1
PATIENCE = 20                               # seconds until a daemon that does not listen has failed
SO_TIMESTAMPNS = 35


def say(text):
    print(f"load: {time.monotonic():6.1f} s  {text}", file=sys.stderr, flush=True)


class LoadLab(lab.Lab):
    """Clients and peers on one host, the relay on another."""

    def ns(self, role):
        return f"{'relay' if role == 'relay' else 'load'}-{self.name}"

    def _configure(self, role, ends, gateway=None):
        super()._configure(role, ends)      # everything is on a link: no gateway
        for end, *_ in ends if RELAY_CPU != LOAD_CPU else ():
            cpu = RELAY_CPU if role == "relay" else LOAD_CPU
            lab.ip("netns", "exec", self.ns(role), "sh", "-c",
                   f"echo {1 << cpu:x} >/sys/class/net/{self.dev(end)}/queues/rx-0/rps_cpus")


class Subject:
    """A relay under load: started for each measurement, and ended."""

    def __init__(self, kind, module):
        self.name, self.title, self.module = kind.name, kind.title, module
        self.relay = kind(lab.IPV4, 0)
        self.relay.lab = lab.get("load")
        self.ours = isinstance(self.relay, paths.Kturnd)
        self.relayed_by = getattr(self.relay, "relayed_by", None)

    @contextlib.contextmanager
    def running(self):
        if self.module:
            subprocess.run(["insmod", self.module], check=True)
        with lab.netns(self.relay.lab.ns("relay")), open(self.relay.log, "w") as log:
            process = subprocess.Popen(["taskset", "-c", str(RELAY_CPU), *self.relay.command()],
                                       stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait(process)
            yield
            if process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {process.returncode}: see {self.relay.log}")
        finally:
            process.terminate()
            process.wait()
            if self.module:
                subprocess.run(["rmmod", "kturn"], check=True)

    def _wait(self, process):
        """Until it listens. The kernel writes ports in hexadecimal."""
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            with lab.netns(self.relay.lab.ns("relay")), open("/proc/net/udp") as file:
                if f":{paths.SERVER_PORT:04X} " in file.read():
                    return
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not listen: see {self.relay.log}")

    def forwarded(self):
        """What kturnd and the module say they relayed, in all."""
        if not self.ours:
            return None
        with lab.netns(self.relay.lab.ns("relay")):
            done = subprocess.run(["build/kturnctl", "--socket", self.relay.socket(), "--json", "status"],
                                  stdout=subprocess.PIPE, text=True, check=True)
        status = json.loads(done.stdout)
        return {by: {way: status.get(by, {}).get(way, {}).get("packets", 0) for way in ("to_peer", "to_client")}
                for by in ("kernel", "userspace")}

    def check(self, result, forwarded):
        """All that arrived must have been relayed by whom the subject is named after."""
        if os.path.exists("/sys/module/kturn") != bool(self.module):
            raise RuntimeError(f"{self.name}: kturn.ko is {'not ' if self.module else ''}loaded")
        for way in ("to_peer", "to_client"):
            if not result[way]["received"]:
                raise RuntimeError(f"{self.name}: nothing arrived {way}")
            if self.ours and forwarded[self.relayed_by][way] < result[way]["received"]:
                raise RuntimeError(f"{self.name}: {result[way]['received']} datagrams arrived {way}, but the"
                                   f" {self.relayed_by} relayed {forwarded[self.relayed_by][way]}")
        other = "userspace" if self.relayed_by == "kernel" else "kernel"
        if self.ours and sum(forwarded[other].values()):
            raise RuntimeError(f"{self.name}: some was relayed by the {other}: {forwarded}")


@contextlib.contextmanager
def never_idle():
    """On the one processor of a machine that counts: a program that runs whenever no other does.

    While a guest is idle its clock follows the host's, and on a busy host it leaps: the generator falls behind, catches
    up in a burst, and the queue of that burst would be measured as the relay's latency."""
    if os.cpu_count() > 1:
        yield
        return
    spinner = subprocess.Popen(["chrt", "--idle", "0", "sh", "-c", "while :; do :; done"])
    try:
        yield
    finally:
        spinner.kill()
        spinner.wait()


def bench(options, load, seconds):
    """One run of kturn-bench; its JSON."""
    with lab.netns(lab.get("load").ns("client")):
        done = subprocess.run(
            ["taskset", "-c", str(LOAD_CPU), "build/kturn-bench", "--quiet", "--json", "-", "--user", paths.USER,
             "--password", paths.PASSWORD, "--allocations", str(options.allocations), "--channels",
             str(options.channels), "--size", options.size, "--duration", str(seconds), "--warm-up", str(seconds / 4),
             "--peer-address", lab.IPV4.peer, *load, f"{lab.IPV4.server}:{paths.SERVER_PORT}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"kturn-bench ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def coturns(options):
    kinds = [paths.Coturn]
    if options.new_coturn:
        paths.NewCoturn.unpacked_in(options.new_coturn)
        kinds.append(paths.NewCoturn)
    for kind in kinds:
        kind.identify()
    return kinds


class Comparison:
    def __init__(self, options):
        self.options = options
        self.subjects = [Subject(kind, None) for kind in (*coturns(options), paths.Kturnd)]
        self.subjects.append(Subject(paths.Kernel, options.module))
        self.samples = []

    def round(self, mode, number, load):
        """Each subject once."""
        for subject in self.subjects:
            with subject.running():
                result = bench(self.options, load, self.options.seconds)
                forwarded = subject.forwarded()
                subject.check(result, forwarded)
            self.samples.append({"relay": subject.name, "title": subject.title, "mode": mode, "round": number,
                                 "forwarded": forwarded, "result": result})
            say(f"{mode}, round {number}, {subject.title}: "
                f"{throughput(result):,.0f}/s, lost {lost(result)} of {sent(result)}")

    def run(self):
        options = self.options
        for number in range(1, options.rounds + 1):
            self.round("flat out", number, ["--flat-out", "--in-flight", str(options.in_flight)])
        rate = options.rate or self.common_rate()
        for number in range(1, options.rounds + 1):
            self.round("paced", number, ["--rate", str(rate)])
        return rate

    def common_rate(self):
        """Half of what the slowest can do, so that none is near its limit."""
        slowest = min(statistics.median(throughput(s["result"]) for s in self.samples if s["relay"] == subject.name)
                      for subject in self.subjects)
        return max(int(slowest / 2) // 100 * 100, 100)


def ways(result):
    return [result[way] for way in ("to_peer", "to_client")]


def throughput(result):
    return sum(way["received_per_second"] for way in ways(result))


def lost(result):
    return sum(way["lost"] for way in ways(result))


def sent(result):
    return sum(way["sent"] for way in ways(result))


def parse_options():
    parser = argparse.ArgumentParser(prog="tests/bench/load", description="Loads coturn and kturnd with kturn-bench.")
    parser.add_argument("--quick", action="store_true", help="one round, a fifth of a second each")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each relay, flat out and paced (3)")
    parser.add_argument("--seconds", type=float, default=0.5, help="that each takes (0.5)")
    parser.add_argument("--allocations", type=int, default=50, help="in all (50)")
    parser.add_argument("--channels", type=int, default=2, help="on each allocation (2)")
    parser.add_argument("--size", default="172", help="bytes of payload, or a mix: 172:70,1200:30 (172)")
    parser.add_argument("--in-flight", type=int, default=64, help="flat out: datagrams under way each way (64)")
    parser.add_argument("--rate", type=int, help="paced: datagrams per second (half of what the slowest can do)")
    parser.add_argument("--new-coturn", metavar="TREE", help=argparse.SUPPRESS)
    parser.add_argument("--module", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 0.2
    return options


def main():
    options, results = parse_options(), os.environ["KTURN_RESULTS"]
    os.makedirs(paths.RUN_DIRECTORY)
    lab.Lab = LoadLab
    # Keys in the kernel's code that sockets switch stay switched: see keep-static-keys.
    subprocess.run(["tests/vm/keep-static-keys"], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stamped, never_idle():
        stamped.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        comparison = Comparison(options)
        try:
            rate = comparison.run()
        except (RuntimeError, subprocess.CalledProcessError) as error:
            sys.exit(f"load: error: {error}")
    measured = {"kernel": platform.release(), "cpus": os.cpu_count(), "rate": rate, "options": vars(options),
                "samples": comparison.samples}
    with open(f"{results}/loaded.json", "w") as file:
        json.dump(measured, file)
    say("measured")


if __name__ == "__main__":
    main()
