# SPDX-License-Identifier: BSD-3-Clause
"""What a complete authenticated allocation costs a server: the request that is answered with 401, then the one with
credentials that is answered with success (RFC 8489 9.2, RFC 8656 7). Requests come in bursts, each from another client."""

import hashlib
import itertools
import os
import sys

import lab
import paths
from frames import Datagram, build, pack_set, parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../daemon"))
import stun     # noqa: E402

# Allocations in a round, and the port of the first client: beyond those of the clients that relay.
COUNT = 128
FIRST_PORT = paths.CLIENT_PORT + 10000
STEPS = ("401", "success")
# Requests cost what they cost on the way in, whoever answers: they are dropped on arrival here.
BASE_LAB = "a-base"


class Allocations:
    """A relay of the kind given that does nothing else. Its figures are net of receiving the requests."""

    def __init__(self, kind, family):
        self.family = family
        # One client that is ready tells that the server is.
        self.relay = kind(family, 1)
        self.relay.name += "-allocations"
        self.relay.lab_name = f"a-{kind.lab_name or kind.name}"
        self.kind = kind
        self.ports = itertools.count(FIRST_PORT)
        # Who does not ask for IPv6 wants IPv4 (RFC 8656 7.2).
        self.wanted = [stun.UDP] + ([(stun.ADDRESS_FAMILY, stun.IPV6)] if family is lab.IPV6 else [])
        self.samples = {step: [] for step in STEPS}

    def start(self):
        self.relay.start()

    def stop(self):
        self.relay.check()
        self.relay.stop()

    def measure(self, meter, warm_up=False):
        """One round: as many new clients as there is room for in a round. The first one only warms up."""
        ports = list(itertools.islice(self.ports, COUNT))
        cost_401, challenges = self._exchange(meter, {port: stun.message(stun.ALLOCATE, self.wanted) for port in ports})
        self._expect(challenges, 401)
        cost_success, answers = self._exchange(meter, {port: self._signed(challenges[port]) for port in ports})
        self._expect(answers, 0)
        relayed = {answer.address(stun.RELAYED_ADDRESS) for answer in answers.values()}
        if len(relayed) != (1 if self.kind.multiplexes else COUNT):
            raise RuntimeError(f"{self.relay.name}: {len(relayed)} relayed addresses for {COUNT} clients")
        if not warm_up:
            for step, cost in zip(STEPS, (cost_401, cost_success)):
                self.samples[step].append(cost)

    def _signed(self, challenge):
        realm, nonce = (challenge.attributes[kind] for kind in (stun.REALM, stun.NONCE))
        key = hashlib.md5(b":".join([paths.USER.encode(), realm, paths.PASSWORD.encode()])).digest()
        return stun.message(stun.ALLOCATE, [*self.wanted, (stun.USERNAME, paths.USER.encode()), (stun.REALM, realm),
                                            (stun.NONCE, nonce)], key)

    def _exchange(self, meter, requests):
        """Sends each client's request; its net cost, and the answer to each."""
        relay, family = self.relay.lab, self.family
        macs = lab.mac_bytes(lab.NEIGHBOUR["rc"]), lab.mac_bytes("rc")
        meter.load(pack_set([build(*macs, Datagram(family.client, port, family.server, paths.SERVER_PORT, request))
                             for port, request in requests.items()]))
        arrival = lab.get(BASE_LAB).dev("rc")
        # Both keep what comes out, so that this costs both the same.
        base = meter.run((arrival, arrival, None), COUNT, 0, capture=True)
        self.relay.enter()
        cost = meter.run((relay.dev("rc"), relay.dev("cl"), None), COUNT, 0, capture=True)
        self.relay.leave()
        answers = {}
        for frame in meter.captured():
            datagram = parse(frame)
            answers[datagram.dport] = stun.Answer(datagram.payload)
        for port, request in requests.items():
            if port not in answers or answers[port].txid != request[8:20]:
                raise RuntimeError(f"{self.relay.name}: no answer to the client at port {port}")
        return cost - base, answers

    def _expect(self, answers, error):
        wrong = next((answer for answer in answers.values() if answer.error != error), None)
        if wrong:
            raise RuntimeError(f"{self.relay.name}: a request to allocate was answered with error {wrong.error}")

    def result(self):
        return {"family": self.family.name, "path": self.kind.name, "title": self.relay.title,
                "allocations": COUNT, "samples": self.samples}
