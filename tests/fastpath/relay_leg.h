/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two legs of a relay, each named by the direction that leaves by it: the
 * peer's TO_PEER, the client's TO_CLIENT.
 */
#ifndef KTURN_TESTS_RELAY_LEG_H
#define KTURN_TESTS_RELAY_LEG_H

#include "relay_lab.h"

/**
 * leg_end_id() - the relay's end of a leg's link; the host's is it ^ 1
 * @leg: the leg
 */
enum netns_end_id leg_end_id(enum direction leg);

/**
 * leg_end() - the same: device, addresses and neighbours
 * @leg: the leg
 */
const struct netns_end *leg_end(enum direction leg);

/**
 * leg_far_end() - the host's end of a leg's link
 * @leg: the leg
 */
const struct netns_end *leg_far_end(enum direction leg);

/**
 * leg_host() - address of a leg's host
 * @r: the set-up
 * @leg: the leg
 */
const char *leg_host(const struct relay *r, enum direction leg);

/**
 * leg_wire() - the host's end of a leg's link, as a wire
 * @r: the set-up
 * @leg: the leg
 */
struct wire *leg_wire(struct relay *r, enum direction leg);

/**
 * leg_socket() - the server's socket that a leg's datagrams come from
 * @r: the set-up
 * @leg: the leg
 *
 * It is made to report ICMP errors (IP_RECVERR, IPV6_RECVERR).
 *
 * Return: the socket, or a negative errno.
 */
int leg_socket(const struct relay *r, enum direction leg);

/**
 * leg_second_link() - another link beside a leg's, without addresses
 * @r: the set-up
 * @leg: the leg
 * @w: filled: the host's end, with the same Ethernet address as on its first
 *
 * The relay's device is called "second". wire_close() is the caller's.
 *
 * Return: 0, or a negative errno; the reason is on stdout.
 */
int leg_second_link(struct relay *r, enum direction leg, struct wire *w);

/**
 * leg_swap() - let the leg's wire and another one change places
 * @r: the set-up
 * @leg: the leg
 * @w: the other wire
 */
void leg_swap(struct relay *r, enum direction leg, struct wire *w);

#endif /* KTURN_TESTS_RELAY_LEG_H */
