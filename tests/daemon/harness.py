# SPDX-License-Identifier: BSD-3-Clause
"""Runs kturnd in a network namespace of the test's own, and prints results as KTAP."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
KTURND = os.environ.get("KTURND", os.path.join(ROOT, "build/san/kturnd"))
KTURNCTL = os.environ.get("KTURNCTL", os.path.join(ROOT, "build/san/kturnctl"))
LOGIN = "lt-cred-mech\nrealm=relay.example\nuser=alice:secret\n"
PATIENCE = 20                               # seconds until something that has to happen counts as not happening

cases = []


def test(function):
    """Marks a function as a test; its first line of documentation is its name."""
    cases.append(function)
    return function


def enter_namespace():
    """Starts the program again in an empty network namespace, with lo up."""
    if "KTURN_TEST_NETNS" not in os.environ:
        os.environ["KTURN_TEST_NETNS"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def add_addresses(*addresses):
    """Gives lo further addresses."""
    for address in addresses:
        family = ["-6"] if ":" in address else []
        nodad = ["nodad"] if family else []
        subprocess.run(["ip", *family, "addr", "add", address, "dev", "lo", *nodad], check=True)


def wait_for(condition, what, seconds=PATIENCE):
    """Polls until the condition holds; its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: did not happen within {seconds} s")
        time.sleep(0.02)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def make_certificate(folder, name="relay", addresses=()):
    """A certificate of its own signing, for these addresses if any, and its key: the paths of both."""
    cert, pkey = (os.path.join(folder, f"{name}.{kind}") for kind in ("pem", "key"))
    owner = ["-addext", "subjectAltName=" + ",".join(f"IP:{ip}" for ip in addresses)] if addresses else []
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", f"/CN={name}", "-days", "2", "-keyout", pkey, "-out", cert, *owner],
                   check=True, capture_output=True)
    return cert, pkey


class Daemon:
    """A kturnd with a configuration file of its own. Ends with the with block, and must end well.

    Peers have addresses for documentation here, which kturnd refuses by default: with open_peers it is told not to."""

    def __init__(self, config=LOGIN, *options, program=KTURND, expect_start=True, open_peers=True):
        self.dir = tempfile.mkdtemp(prefix="kturnd-test-")
        self.config_path = self.path("turnserver.conf")
        self.log_path = self.path("log")
        self.socket_path = self.path("socket")
        with open(self.config_path, "w") as file:
            file.write(config)
        if open_peers:
            options = ("--no-default-denied-peers", *options)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [program, "-c", self.config_path, f"--admin-socket={self.socket_path}", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.status = None
        if expect_start:
            wait_for(lambda: self.ended() or "is ready" in self.log(), "kturnd starts")
            check(not self.ended(), f"kturnd did not start:\n{self.log()}")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            status = self.stop()
            log = self.log()
            if kind and kind is not SystemExit:
                sys.stdout.write("".join(f"# kturnd: {line}\n" for line in log.splitlines()[-20:]))
            else:
                check(status == 0, f"kturnd ended with {status}:\n{log[-4000:]}")
        finally:
            shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def ended(self):
        """Has it ended? Its exit status is then in self.status."""
        if self.status is None:
            self.status = self.process.poll()
        return self.status is not None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        wait_for(self.ended, "kturnd ends")
        return self.status

    def stop(self):
        if not self.ended():
            self.signal(signal.SIGTERM)
            try:
                self.wait()
            except AssertionError:
                self.process.kill()
                self.status = self.process.wait()
        return self.status

    def says(self, pattern):
        """Waits until the log has a line that matches; the line."""
        found = wait_for(lambda: re.search(f"^.*{pattern}.*$", self.log(), re.MULTILINE),
                         f"the log says '{pattern}'")
        return found.group(0)

    def write_config(self, config):
        """Another configuration, for the next reload."""
        with open(self.config_path, "w") as file:
            file.write(config)

    def reload(self, config):
        """Another configuration, at once; the answer's result."""
        self.write_config(config)
        answer = self.ask(command="reload")
        check(answer["ok"], f"reload failed: {answer}")
        return answer["result"]

    def kturnctl(self, *arguments, **options):
        """Runs kturnctl on this server."""
        return subprocess.run([KTURNCTL, "--socket", self.socket_path, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, **options)

    def ask(self, **request):
        """A request on the admin socket; the whole answer."""
        return self.ask_raw(json.dumps(request).encode() + b"\n")

    def ask_raw(self, data):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(self.socket_path)
            s.sendall(data)
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
        return json.loads(answer)

    def status_now(self):
        answer = self.ask(command="status")
        check(answer["ok"], f"status failed: {answer}")
        return answer["result"]

    def list(self, what):
        answer = self.ask(command="list", what=what)
        check(answer["ok"], f"list failed: {answer}")
        return answer["result"][what]

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def refused(config, *options):
    """Starts a kturnd that has to refuse: its exit status and what it says."""
    daemon = Daemon(config, *options, expect_start=False)
    try:
        wait_for(daemon.ended, "kturnd refuses to start")
        return daemon.status, daemon.log()
    finally:
        daemon.stop()
        shutil.rmtree(daemon.dir)


def main():
    enter_namespace()
    if not os.access(KTURND, os.X_OK):
        print(f"Bail out! {KTURND} is not there: make sanitized")
        sys.exit(1)
    print(f"TAP version 13\n1..{len(cases)}", flush=True)
    failed = 0
    for number, case in enumerate(cases, 1):
        name = case.__doc__.splitlines()[0].rstrip(".")
        try:
            case()
            print(f"ok {number} {name}", flush=True)
        except Exception:
            failed += 1
            sys.stdout.write("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()))
            print(f"not ok {number} {name}", flush=True)
    sys.exit(1 if failed else 0)
