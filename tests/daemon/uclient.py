# SPDX-License-Identifier: BSD-3-Clause
"""coturn's client and peer, unmodified."""
import re
import subprocess

from harness import LOGIN, check, wait_for

PEER4, PEER6 = "192.0.2.9", "2001:db8::9"
FOR_UCLIENT = LOGIN + "rfc5766-channel-numbers\n"


class Peer:
    """turnutils_peer, which sends back what it gets."""

    def __enter__(self):
        self.process = subprocess.Popen(["turnutils_peer", "-p", "3480", "-L", PEER4, "-L", PEER6],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for(lambda: subprocess.run(["ss", "-Hlnu", "sport = :3480"], capture_output=True,
                                        check=True).stdout.count(b"\n") >= 2, "turnutils_peer listens")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def uclient(server, *options, clients, messages, peer=None):
    """Runs it; every message must come back. Its exit status says little: its report has to be there."""
    peer = peer or (PEER6 if ":" in server else PEER4)
    family = ["-x"] if ":" in peer else ["-X"]
    done = subprocess.run(["turnutils_uclient", "-c", *family, "-u", "alice", "-w", "secret", "-e", peer, "-r", "3480",
                           "-m", str(clients), "-n", str(messages), "-l", "172", *options, server],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
    counts = re.search(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)\n.*\n.*\n.*Total lost packets (\d+)", done.stdout)
    check(counts, f"turnutils_uclient gives no report:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    sent, received, lost = map(int, counts.groups())
    check((sent, received, lost) == (clients * messages, clients * messages, 0),
          f"sent {sent}, received {received}, lost {lost}")
    return sent
