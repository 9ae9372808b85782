/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which peers may clients reach? A relay stands inside a network, so without
 * a filter it opens what stands beside it to whoever has an account (SSRF).
 *
 * The order of the checks, as coturn has it:
 * 1. The unspecified address is never a peer; loopback and multicast are
 *    refused unless switched on.
 * 2. An allowed range wins over all denied ones.
 * 3. Denied ranges refuse.
 * 4. So do those that are nobody's peer on the Internet, if that default is on.
 *    The server's own relay addresses are exempt from it, so that two clients
 *    of one relay can meet, but only on relay ports.
 *
 * IPv6 addresses that carry an IPv4 one (NAT64, 6to4, Teredo) are judged twice,
 * as they stand and by what is in them: packets to them may end at the IPv4
 * host. v4-mapped addresses are no hosts at all, and refused.
 */
#ifndef KTURN_TURN_PEER_FILTER_H
#define KTURN_TURN_PEER_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stun/addr.h"

/**
 * struct turn_ip_range - IP addresses from @first to @last, both included
 * @family: AF_INET or AF_INET6
 * @first: lowest address, network byte order; IPv4 uses the first four bytes
 * @last: highest address, of the same family
 */
struct turn_ip_range {
	uint16_t family;
	uint8_t first[16];
	uint8_t last[16];
};

/** struct turn_ip_ranges - a list of ranges, owned */
struct turn_ip_ranges {
	struct turn_ip_range *v;
	size_t n;
};

/**
 * struct turn_nat64_prefix - a network's own prefix for IPv4 (RFC 6052)
 * @prefix: the prefix, the rest zero
 * @bits: its length: 32, 40, 48, 56, 64 or 96
 */
struct turn_nat64_prefix {
	struct transport_addr prefix;
	unsigned int bits;
};

/** struct turn_nat64_prefixes - a list of them, owned */
struct turn_nat64_prefixes {
	struct turn_nat64_prefix *v;
	size_t n;
};

/**
 * struct turn_own_addrs - the server's own relay and external addresses
 * @v: the addresses; ports are ignored
 * @n: how many
 */
struct turn_own_addrs {
	struct transport_addr *v;
	size_t n;
};

/**
 * struct turn_peer_filter - the rules
 * @allowed: ranges that win over @denied
 * @denied: refused ranges
 * @deny_default: refuse what is nobody's peer on the Internet too
 * @nat64: prefixes beside the well-known one
 * @own: exempt from @deny_default on ports @own_port_min to @own_port_max
 * @own_port_min: lowest relay port
 * @own_port_max: highest relay port
 * @no_multicast: refuse multicast (and IPv4 broadcast) addresses
 * @allow_loopback: let clients reach 127.0.0.0/8 and ::1
 */
struct turn_peer_filter {
	struct turn_ip_ranges allowed;
	struct turn_ip_ranges denied;
	bool deny_default;
	struct turn_nat64_prefixes nat64;
	struct turn_own_addrs own;
	uint16_t own_port_min;
	uint16_t own_port_max;
	bool no_multicast;
	bool allow_loopback;
};

/** turn_peer_filter_init() - no ranges, no loopback, no multicast */
void turn_peer_filter_init(struct turn_peer_filter *filter);

/** turn_peer_filter_free() - give back what was added */
void turn_peer_filter_free(struct turn_peer_filter *filter);

/**
 * turn_peer_filter_allow() - add an allowed range
 * @filter: the rules
 * @first: lowest address; ports are ignored
 * @last: highest address
 *
 * Return: 0, -EINVAL if the families differ or @last is below @first, -ENOMEM.
 */
int turn_peer_filter_allow(struct turn_peer_filter *filter,
			   const struct transport_addr *first,
			   const struct transport_addr *last);

/** turn_peer_filter_deny() - add a denied range; see turn_peer_filter_allow() */
int turn_peer_filter_deny(struct turn_peer_filter *filter,
			  const struct transport_addr *first,
			  const struct transport_addr *last);

/**
 * turn_peer_filter_deny_default() - refuse what is nobody's peer on the
 * Internet: private, link-local, documentation, reserved, transition
 * @filter: the rules
 */
void turn_peer_filter_deny_default(struct turn_peer_filter *filter);

/**
 * turn_peer_filter_default_range() - is it the default that refuses a peer?
 * @filter: the rules
 * @peer: a peer that is not permitted; with port 0 only its IP was judged
 * @name: filled: the range, as "10.0.0.0/8"; a static text
 *
 * Return: the range's number, from 0 and below
 * TURN_PEER_FILTER_DEFAULT_RANGES; -1 if something else refuses the peer.
 */
int turn_peer_filter_default_range(const struct turn_peer_filter *filter,
				   const struct transport_addr *peer,
				   const char **name);

#define TURN_PEER_FILTER_DEFAULT_RANGES 24

/**
 * turn_peer_filter_add_nat64() - IPv4 hosts have these IPv6 addresses, too
 * @filter: the rules
 * @first: lowest address of the prefix
 * @last: highest address of the prefix
 *
 * Return: 0, -EINVAL if that is no prefix of 32, 40, 48, 56, 64 or 96 bits of
 * IPv6 (RFC 6052, section 2.2), -ENOMEM.
 */
int turn_peer_filter_add_nat64(struct turn_peer_filter *filter,
			       const struct transport_addr *first,
			       const struct transport_addr *last);

/**
 * turn_peer_filter_add_own() - add one of the server's own addresses
 * @filter: the rules
 * @addr: a relay or external address; the port is ignored
 *
 * Return: 0 or -ENOMEM.
 */
int turn_peer_filter_add_own(struct turn_peer_filter *filter,
			     const struct transport_addr *addr);

/**
 * turn_peer_filter_permits_ip() - may there be a permission for this IP?
 * @filter: the rules
 * @peer: the peer; its port is ignored
 */
bool turn_peer_filter_permits_ip(const struct turn_peer_filter *filter,
				 const struct transport_addr *peer);

/**
 * turn_peer_filter_permits() - may data be sent to this transport address?
 * @filter: the rules
 * @peer: the peer; port 0 is refused
 */
bool turn_peer_filter_permits(const struct turn_peer_filter *filter,
			      const struct transport_addr *peer);

#endif /* KTURN_TURN_PEER_FILTER_H */
