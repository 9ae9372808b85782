# SPDX-License-Identifier: BSD-3-Clause
"""What suites about clients' connections have in common."""
import socket

from harness import LOGIN, Daemon, add_addresses, check, wait_for
from stun import RELAYED_ADDRESS, StreamClient
from uclient import FOR_UCLIENT, PEER4, PEER6, Peer, uclient

HOST4, HOST6 = "192.0.2.1", "2001:db8::1"
ONE_WORKER = LOGIN + "relay-threads=1\n"


def add_hosts():
    add_addresses(f"{HOST4}/32", f"{PEER4}/32", f"{HOST6}/128", f"{PEER6}/128")


def peer_socket(ip):
    s = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.bind((ip, 0))
    return s


def session(peer, server=HOST4, **options):
    """A client with an allocation and channel 0x4000 to the peer; its relayed address."""
    client = StreamClient(server, **options)
    answer = client.allocate()
    check(answer.error == 0, f"error {answer.error}")
    check(client.bind(0x4000, *peer.getsockname()[:2]).error == 0, "no channel")
    return client, answer.address(RELAYED_ADDRESS)


def connections(daemon):
    return daemon.status_now()["connections"]


def ended(daemon, reason):
    return connections(daemon)["ended"][reason]


def relays_all(server, config, *options, clients, messages):
    """coturn's client relays by a connection: all comes back, all is counted."""
    with Peer(), Daemon(FOR_UCLIENT + config) as daemon:
        sent = uclient(server, "-t", *options, clients=clients, messages=messages)
        counted = daemon.status_now()["userspace"]
        check(counted["to_peer"] == counted["to_client"] == {"packets": sent, "bytes": 172 * sent},
              f"sent {sent}, counted {counted}")
        check(not any(counted["dropped"].values()), f"dropped {counted['dropped']}")
        check(connections(daemon)["accepted"] >= clients, f"connections {connections(daemon)}")


def flood(daemon, peer, relayed, payload):
    """A peer's datagrams until the client's queue is full."""
    def dropped():
        for _ in range(200):
            peer.sendto(payload, relayed)
        return daemon.status_now()["userspace"]["dropped"]["slow-client"]
    wait_for(dropped, "a queue is full")
