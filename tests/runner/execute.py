# SPDX-License-Identifier: BSD-3-Clause
"""Runs one suite: its output into a log and through the parser, its end judged."""
import os
import selectors
import signal
import subprocess
import threading
import time
from collections import deque

from . import ktap

KSFT_SKIP = 4       # how kselftests say "all skipped"
VM_SAYS = {124: "the guest did not end in time", 125: "the guest crashed, or did not start",
           126: "the kernel log is not clean"}
GRACE = 5           # seconds between SIGTERM and SIGKILL, and for output after the end
BOOT = 60           # seconds on top of a vm suite's timeout before vm/run itself is taken to hang
TAIL = 25           # lines of output kept for a failure


stopping = threading.Event()        # set: whatever runs is to be ended, and nothing begun


class Run:
    """One suite on one kernel. After run(): parser, details {failure index: last lines}, seconds."""

    def __init__(self, name, command, timeout, log_path, in_vm, tick):
        self.name, self.command, self.timeout, self.in_vm = name, command, timeout, in_vm
        self.log_path, self.tick = log_path, tick
        self.parser = ktap.Parser()
        self.tail = deque(maxlen=TAIL)
        self.details = {}
        self.seconds = 0.0

    def run(self):
        start = time.monotonic()
        os.makedirs(os.path.dirname(self.log_path), exist_ok=True)
        with open(self.log_path, "wb") as self.log:
            try:
                process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, start_new_session=True)
            except OSError as error:
                self._fail(f"cannot run {self.command[0]}: {error.strerror}")
                return self
            try:
                self._watch(process, start)
            finally:
                end_group(process)
        self.seconds = time.monotonic() - start
        return self

    def _watch(self, process, start):
        deadline = start + self.timeout + (BOOT if self.in_vm else 0)
        over = self._read(process, deadline)
        if over == "timeout":
            end_group(process)
        self.parser.finish()
        self._note_failures()
        if over == "timeout":
            self._fail(f"did not end in {self.timeout} s")
        elif over == "held":
            self._fail("left a process behind that holds its output")
        else:
            self._judge(process.wait())

    def _judge(self, status):
        """A bad exit is a failure even when every result was good."""
        parser = self.parser
        all_skipped = parser.skips and not parser.passed and not parser.failures
        if status == 0 or (status == KSFT_SKIP and all_skipped):
            return
        if self.in_vm and status in VM_SAYS:
            self._fail(VM_SAYS[status])
        elif status < 0:
            self._fail(f"killed by {signal.Signals(-status).name}")
        elif not parser.failures:
            self._fail(f"ended with exit status {status}, though no result was bad")

    def _read(self, process, deadline):
        """Reads until both streams end. Returns "", or why it stopped before: "timeout" or "held"."""
        buffers = {process.stderr: b"", process.stdout: b""}
        with selectors.DefaultSelector() as selector:
            for stream in buffers:
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ)
            ended = None
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
                self.tick(self)
                now = time.monotonic()
                if now > deadline or stopping.is_set():
                    return "timeout"
                if ended is None and process.poll() is not None:
                    ended = now
                if ended is not None and now > ended + GRACE:
                    return "held"
        return "" if self._ends(process, deadline) else "timeout"

    @staticmethod
    def _ends(process, deadline):
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
            return True
        except subprocess.TimeoutExpired:
            return False

    def _line(self, raw, is_stdout):
        self.log.write(raw + b"\n")
        line = raw.decode("utf-8", "replace").rstrip("\r")
        self.tail.append(line)
        if is_stdout and self.parser.feed(line):
            self._note_failures()
            self.tail.clear()

    def _note_failures(self):
        """Gives each new failure what was said since the result before, unless another shows the same already."""
        for index in range(len(self.details), len(self.parser.failures)):
            said = list(self.tail)
            self.details[index] = [] if said in self.details.values() else said

    def _fail(self, reason):
        self.parser.fail("the whole suite", reason)
        self._note_failures()


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
