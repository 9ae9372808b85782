# SPDX-License-Identifier: BSD-3-Clause
"""Runs suites: one in a process of its own, or several one after the other in one guest. Their output goes into logs
and through the parser, their ends are judged."""
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections import deque

from . import ktap

KSFT_SKIP = 4       # how kselftests say "all skipped"
VM_SAYS = {124: "did not end in time", 125: "the guest crashed, or did not start",
           126: "the kernel log is not clean"}
GRACE = 5           # seconds between SIGTERM and SIGKILL, and for output after the end
BOOT = 60           # seconds on top of a vm suite's timeout before the guest itself is taken to hang
TAIL = 25           # lines of output kept for a failure
MARK = re.compile(rb"@suite (?:begins|ends (\d+))$")      # what vm/several says between suites


stopping = threading.Event()        # set: whatever runs is to be ended, and nothing begun


class Run:
    """One suite on one kernel. When it is over: parser, details {failure index: last lines}, seconds."""

    def __init__(self, name, suite, series, log_path):
        self.name, self.suite, self.series, self.log_path = name, suite, series, log_path
        self.parser = ktap.Parser()
        self.tail = deque(maxlen=TAIL)
        self.details = {}
        self.began = self.seconds = 0.0
        self.log = None
        self.over = False

    def begin(self):
        self.began = time.monotonic()
        os.makedirs(os.path.dirname(self.log_path), exist_ok=True)
        self.log = open(self.log_path, "wb")     # pylint: disable=consider-using-with

    def line(self, raw, is_stdout):
        self.log.write(raw + b"\n")
        if self.over:
            return
        line = raw.decode("utf-8", "replace").rstrip("\r")
        self.tail.append(line)
        if is_stdout and self.parser.feed(line):
            self._note_failures()
            self.tail.clear()

    def end(self, status, why=""):
        """It ended with this status, or for another reason, which is told."""
        self.parser.finish()
        self._note_failures()
        if why:
            self.fail(why)
        else:
            self._judge(status)
        self.seconds = time.monotonic() - self.began
        self.over = True

    def fail(self, reason):
        self.parser.fail("the whole suite", reason)
        self._note_failures()

    def _judge(self, status):
        """A bad exit is a failure even when every result was good."""
        parser = self.parser
        all_skipped = parser.skips and not parser.passed and not parser.failures
        if status == 0 or (status == KSFT_SKIP and all_skipped):
            return
        if self.suite.in_vm and status in VM_SAYS:
            self.fail(VM_SAYS[status])
        elif status < 0:
            self.fail(f"killed by {signal.Signals(-status).name}")
        elif not parser.failures:
            self.fail(f"ended with exit status {status}, though no result was bad")

    def _note_failures(self):
        """Gives each new failure what was said since the result before, unless another shows the same already."""
        for index in range(len(self.details), len(self.parser.failures)):
            said = list(self.tail)
            self.details[index] = [] if said in self.details.values() else said


class Job:
    """A process that runs a suite, or a guest that runs several. screen hears of start(), tick() and end() of each."""

    def __init__(self, runs, screen, vm_run):
        self.runs, self.screen, self.vm_run = runs, screen, vm_run
        self.several = len(runs) > 1
        self.current = None
        self.begun = 0              # of the runs, in their order
        self.last_status = 0        # of the last of several: it is judged with the guest

    def run(self):
        """Returns the runs that did not begin, because one before them took the guest with it."""
        self._begin()
        command = self._command()
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, start_new_session=True)
        except OSError as error:
            self.current.fail(f"cannot run {command[0]}: {error.strerror}")
            self.current.log.close()
            self.screen.end(self.current)
            return []
        try:
            over = self._read(process)
            if over == "timeout":
                end_group(process)
            self._over(over, process)
        finally:
            end_group(process)
            for run in self.runs[:self.begun]:
                run.log.close()
        return self.runs[self.begun:]

    def _command(self):
        first = self.runs[0]
        if not first.suite.in_vm:
            return first.suite.command
        command = first.suite.command
        if self.several:
            command = ["tests/vm/several"]
            for run in self.runs:
                command += [str(run.suite.timeout), str(len(run.suite.command)), *run.suite.command]
        timeout = sum(run.suite.timeout for run in self.runs)
        results = first.log_path.removesuffix(".log") + ".vm"
        return first.suite.in_guest(self.vm_run, first.series, results, timeout, command)

    def _begin(self):
        self.current = self.runs[self.begun]
        self.begun += 1
        self.current.begin()
        self.screen.start(self.current)

    def _end(self, status, why=""):
        self.current.end(status, why)
        self.screen.end(self.current)
        self.current = None

    def _over(self, over, process):
        """The process is over, or is to be: so is the suite that runs in it, or was about to."""
        status = 0 if over else process.wait()
        why = {"": "", "timeout": "did not end in {} s", "held": "left a process behind that holds its output"}[over]
        if not self.current:
            self._begin()
        self._end(status or self.last_status, why.format(self.current.suite.timeout))

    def _line(self, raw, is_stdout):
        mark = MARK.match(raw) if self.several and is_stdout else None
        if not mark:
            (self.current or self.runs[self.begun - 1]).line(raw, is_stdout)
        elif not mark.group(1):
            if not self.current:
                self._begin()
        elif self.begun < len(self.runs):
            self._end(int(mark.group(1)))
        else:
            self.last_status = int(mark.group(1))

    def _deadline(self, start):
        run = self.current
        if not run:
            return start + BOOT
        return run.began + run.suite.timeout + (BOOT if run.suite.in_vm else 0)

    def _read(self, process):
        """Reads until both streams end. Returns "", or why it stopped before: "timeout" or "held"."""
        buffers = {process.stderr: b"", process.stdout: b""}
        with selectors.DefaultSelector() as selector:
            for stream in buffers:
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ)
            ended, between = None, time.monotonic()
            while selector.get_map():
                for key, _ in selector.select(0.2):
                    stream = key.fileobj
                    data = stream.read()
                    if data is None:
                        continue
                    if not data:
                        selector.unregister(stream)
                        data = b"\n" if buffers[stream] else b""
                    *lines, buffers[stream] = (buffers[stream] + data).split(b"\n")
                    for line in lines:
                        self._line(line, stream is process.stdout)
                now = time.monotonic()
                if self.current:
                    between = now
                    self.screen.tick(self.current)
                if now > self._deadline(between) or stopping.is_set():
                    return "timeout"
                if ended is None and process.poll() is not None:
                    ended = now
                if ended is not None and now > ended + GRACE:
                    return "held"
        return "" if self._ends(process, self._deadline(between)) else "timeout"

    @staticmethod
    def _ends(process, deadline):
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
            return True
        except subprocess.TimeoutExpired:
            return False


def end_group(process):
    """Ends whatever the suite left running in its process group."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except (ProcessLookupError, PermissionError):
            break
        limit = time.monotonic() + GRACE
        while time.monotonic() < limit and group_lives(process):
            time.sleep(0.05)
    process.wait()


def group_lives(process):
    process.poll()
    try:
        os.killpg(process.pid, 0)
        return True
    except (ProcessLookupError, PermissionError):
        return False
