#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A call in Chromium through a TURN server: usage: chromium.py OPTIONS (--help). Says what it saw, and whether it will do.

Chromium is Debian's, driven by its DevTools protocol over a pair of pipes: no driver, no port, no packages of others.
"""
import argparse
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
# Nothing but the call: no services of its maker, no processor for pictures, a camera that is drawn.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--disable-dev-shm-usage", "--disable-extensions",
         "--disable-features=OptimizationHints,MediaRouter,Translate", "--use-fake-device-for-media-stream",
         "--use-fake-ui-for-media-stream", "--remote-debugging-pipe"]
# Where the browser reads commands and writes answers.
COMMANDS, ANSWERS = 3, 4
GRACE = 10              # seconds until a browser that was told to end is killed


class Failed(Exception):
    """The browser or the page could not do what it was asked."""


class Chromium:
    """A browser with a profile of its own, which goes with it. For use in a with block."""

    def __init__(self, patience, flags=()):
        self.deadline = time.monotonic() + patience
        self.profile = tempfile.mkdtemp(prefix="kturn-chromium-")
        self.buffer, self.last_id, self.session = b"", 0, None
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        self.log_path = os.path.join(self.profile, "log")
        # The shell moves the pipes to where Chromium expects them, whatever numbers they have here.
        shell = f"exec {COMMANDS}<&{commands} {ANSWERS}>&{answers}; exec \"$@\""
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["/bin/bash", "-c", shell, "chromium", "chromium", *FLAGS, *flags, f"--user-data-dir={self.profile}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(commands, answers), start_new_session=True,
                env={**os.environ, "HOME": self.profile})
        os.close(commands)
        os.close(answers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """The whole group: a browser is many processes, and those that are left would hold the profile."""
        os.close(self.commands)
        for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                break
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)

    def log(self):
        """The end of what it said, but for complaints that there is no desktop."""
        with open(self.log_path, errors="replace") as file:
            return "".join([line for line in file if ":dbus/" not in line][-20:])

    def _read(self):
        """The next message. They end with a zero byte."""
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0, self.deadline - time.monotonic()))
            if not ready:
                raise Failed("the browser takes too long")
            data = os.read(self.answers, 65536)
            if not data:
                raise Failed("the browser has ended")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        """Sends a command and waits for its answer; events that come in between are passed over."""
        self.last_id += 1
        command = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.last_id:
                break
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def open(self, url):
        """A page; what is evaluated is evaluated there. It begins as an empty page, which is complete at once."""
        target = self.ask("Target.createTarget", url=url)["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        while self.evaluate("location.href + ' ' + document.readyState") != f"{url} complete":
            time.sleep(0.05)

    def evaluate(self, expression):
        """The value of an expression; of a promise, what it comes to."""
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failed(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")


def faults(seen, protocol):
    """What of a call was not as it has to be."""
    for transfer in seen["transfers"]:
        if transfer["sent"] != transfer["received"]:
            yield f"data from {transfer['way']}: sent {transfer['sent']}, received {transfer['received']}"
    for name, peer in seen["peers"].items():
        if (peer["local"], peer["remote"]) != ("relay", "relay"):
            yield f"{name}: connected from {peer['local']} to {peer['remote']}"
        if peer["protocol"] != protocol:
            yield f"{name}: reaches the relay by {peer['protocol']}, not {protocol}"
        if not peer["framesDecoded"]:
            yield f"{name}: not one frame decoded"


def report(seen):
    """The same for a reader."""
    seconds = seen["seconds"]
    yield f"connected in {seconds['connecting']:.1f} s; data took {seconds['data']:.1f} s, video {seconds['call']:.1f} s"
    for transfer in seen["transfers"]:
        yield f"data from {transfer['way']}: SHA-256 {transfer['received'][:16]}..., as it was sent"
    for name, peer in seen["peers"].items():
        yield (f"{name}: {peer['local']} to {peer['remote']} by {peer['protocol']}, {peer['framesDecoded']} frames"
               f" decoded, {peer['packetsLost']} of {peer['packetsReceived'] + peer['packetsLost']} packets lost")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="chromium.py", description="Calls itself through a TURN server.")
    parser.add_argument("--url", required=True, help="of the server, as turn:192.0.2.1?transport=tcp")
    parser.add_argument("--protocol", required=True, choices=("udp", "tcp", "tls"), help="that must have been used")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--bytes", type=int, default=5_000_000, help="on the data channel, each way (5000000)")
    parser.add_argument("--seconds", type=int, default=10, help="of video (10)")
    parser.add_argument("--size", default="640x480", help="of the picture (640x480)")
    parser.add_argument("--patience", type=int, default=90, help="seconds until all must be done (90)")
    parser.add_argument("--key-hash", help="accept the server's certificate if its key has this SHA-256 (base64)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    width, height = map(int, arguments.size.split("x"))
    options = {"iceServer": {"urls": arguments.url, "username": arguments.user, "credential": arguments.password},
               "bytes": arguments.bytes, "seconds": arguments.seconds,
               "video": {"width": width, "height": height}}
    flags = [f"--ignore-certificate-errors-spki-list={arguments.key_hash}"] if arguments.key_hash else []
    with Chromium(arguments.patience, flags) as browser:
        try:
            browser.open(f"file://{HERE}/call.html")
            seen = browser.evaluate(f"run({json.dumps(options)})")
        except Failed as failure:
            sys.exit(f"chromium.py: {failure}\n" + browser.log())
    found = list(faults(seen, arguments.protocol))
    print("\n".join(found or report(seen)))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
