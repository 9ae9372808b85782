// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "turn/peer_filter.h"

/* Addresses of a family whose first @bits are those of @ip; @name says so. */
struct prefix {
	const char *name;
	uint16_t family;
	uint8_t bits;
	uint8_t ip[8];
};

#define IPV4(a, b, c, d, n) \
	{ #a "." #b "." #c "." #d "/" #n, AF_INET, n, { a, b, c, d } }
#define IPV6(text, n, ...) { text "/" #n, AF_INET6, n, { __VA_ARGS__ } }

/*
 * RFC 6890 and its successors: what is not a host on the Internet. Loopback is
 * not listed, for it has a switch of its own, which the list must not undo; nor
 * are 0.0.0.0/8, ::/128 and ::ffff:0:0/96, which nothing permits.
 */
static const struct prefix default_denied[] = {
	IPV4(10, 0, 0, 0, 8), IPV4(100, 64, 0, 0, 10),
	IPV4(169, 254, 0, 0, 16), IPV4(172, 16, 0, 0, 12),
	IPV4(192, 0, 0, 0, 24), IPV4(192, 0, 2, 0, 24),
	IPV4(192, 88, 99, 0, 24), IPV4(192, 168, 0, 0, 16),
	IPV4(198, 18, 0, 0, 15), IPV4(198, 51, 100, 0, 24),
	IPV4(203, 0, 113, 0, 24), IPV4(224, 0, 0, 0, 4), IPV4(240, 0, 0, 0, 4),
	IPV6("64:ff9b::", 96, 0, 0x64, 0xff, 0x9b),
	IPV6("64:ff9b:1::", 48, 0, 0x64, 0xff, 0x9b, 0, 1),
	IPV6("100::", 64, 1), IPV6("2001::", 23, 0x20, 1),
	IPV6("2001:db8::", 32, 0x20, 1, 0xd, 0xb8),
	IPV6("2002::", 16, 0x20, 2), IPV6("3fff::", 20, 0x3f, 0xff),
	IPV6("fc00::", 7, 0xfc), IPV6("fe80::", 10, 0xfe, 0x80),
	IPV6("fec0::", 10, 0xfe, 0xc0), IPV6("ff00::", 8, 0xff),
};

_Static_assert(sizeof(default_denied) / sizeof(*default_denied) ==
	       TURN_PEER_FILTER_DEFAULT_RANGES, "counted in the header");

void turn_peer_filter_init(struct turn_peer_filter *filter)
{
	*filter = (struct turn_peer_filter){
		.own_port_min = 49152,
		.own_port_max = 65535,
		.no_multicast = true,
	};
}

void turn_peer_filter_free(struct turn_peer_filter *filter)
{
	free(filter->allowed.v);
	free(filter->denied.v);
	free(filter->nat64.v);
	free(filter->own.v);
	*filter = (struct turn_peer_filter){ 0 };
}

static int add_range(struct turn_ip_ranges *list,
		     const struct transport_addr *first,
		     const struct transport_addr *last)
{
	struct turn_ip_range *v;

	if (!transport_addr_ip_len(first) || first->family != last->family ||
	    memcmp(first->ip, last->ip, sizeof(first->ip)) > 0)
		return -EINVAL;
	v = reallocarray(list->v, list->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n].family = first->family;
	memcpy(v[list->n].first, first->ip, sizeof(first->ip));
	memcpy(v[list->n].last, last->ip, sizeof(last->ip));
	list->n++;
	return 0;
}

int turn_peer_filter_allow(struct turn_peer_filter *filter,
			   const struct transport_addr *first,
			   const struct transport_addr *last)
{
	return add_range(&filter->allowed, first, last);
}

int turn_peer_filter_deny(struct turn_peer_filter *filter,
			  const struct transport_addr *first,
			  const struct transport_addr *last)
{
	return add_range(&filter->denied, first, last);
}

void turn_peer_filter_deny_default(struct turn_peer_filter *filter)
{
	filter->deny_default = true;
}

/* Do the first @bits of two addresses agree? */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int rest = bits % 8;

	return memcmp(a, b, bits / 8) == 0 &&
	       (!rest || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0);
}

/* Number of the range of the default list that an address is in, or -1. */
static int in_default(const struct transport_addr *addr)
{
	uint8_t ip[16] = { 0 };

	for (int i = 0; i < TURN_PEER_FILTER_DEFAULT_RANGES; i++) {
		const struct prefix *p = &default_denied[i];

		memcpy(ip, p->ip, sizeof(p->ip));
		if (p->family == addr->family &&
		    same_bits(ip, addr->ip, p->bits))
			return i;
	}
	return -1;
}

static bool is_nat64_length(unsigned int bits)
{
	return bits == 96 || (bits >= 32 && bits <= 64 && bits % 8 == 0);
}

int turn_peer_filter_add_nat64(struct turn_peer_filter *filter,
			       const struct transport_addr *first,
			       const struct transport_addr *last)
{
	struct turn_nat64_prefix *v;
	unsigned int bits = 96, i;

	while (bits && !same_bits(first->ip, last->ip, bits))
		bits -= 8;
	for (i = bits / 8; i < 16; i++)
		if (first->ip[i] != 0 || last->ip[i] != 0xff)
			return -EINVAL;
	if (first->family != AF_INET6 || last->family != AF_INET6 ||
	    !is_nat64_length(bits))
		return -EINVAL;
	v = reallocarray(filter->nat64.v, filter->nat64.n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	filter->nat64.v = v;
	v[filter->nat64.n++] = (struct turn_nat64_prefix){ *first, bits };
	return 0;
}

int turn_peer_filter_add_own(struct turn_peer_filter *filter,
			     const struct transport_addr *addr)
{
	struct transport_addr *v = reallocarray(filter->own.v,
						filter->own.n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	filter->own.v = v;
	v[filter->own.n++] = *addr;
	return 0;
}

static bool in_ranges(const struct turn_ip_ranges *list,
		      const struct transport_addr *addr)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct turn_ip_range *r = &list->v[i];

		if (r->family == addr->family &&
		    memcmp(r->first, addr->ip, sizeof(addr->ip)) <= 0 &&
		    memcmp(r->last, addr->ip, sizeof(addr->ip)) >= 0)
			return true;
	}
	return false;
}

static bool is_own(const struct turn_peer_filter *filter,
		   const struct transport_addr *addr, bool any_port)
{
	size_t i;

	if (!any_port && (addr->port < filter->own_port_min ||
			  addr->port > filter->own_port_max))
		return false;
	for (i = 0; i < filter->own.n; i++)
		if (transport_addr_same_ip(&filter->own.v[i], addr))
			return true;
	return false;
}

static bool is_unspecified(const struct transport_addr *addr)
{
	static const uint8_t zero[16];

	/* All of 0.0.0.0/8 means "this host" (RFC 6890). */
	if (addr->family == AF_INET)
		return addr->ip[0] == 0;
	return memcmp(addr->ip, zero, sizeof(zero)) == 0;
}

static bool is_loopback(const struct transport_addr *addr)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	if (addr->family == AF_INET)
		return addr->ip[0] == 127;
	return memcmp(addr->ip, loopback6, sizeof(loopback6)) == 0;
}

static bool is_multicast(const struct transport_addr *addr)
{
	static const uint8_t broadcast4[4] = { 255, 255, 255, 255 };

	if (addr->family == AF_INET)
		return (addr->ip[0] & 0xf0) == 0xe0 ||
		       memcmp(addr->ip, broadcast4, sizeof(broadcast4)) == 0;
	return addr->ip[0] == 0xff;
}

/* No host has such an address, so that can only be an attempt at something. */
static bool is_v4_mapped(const struct transport_addr *addr)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return addr->family == AF_INET6 &&
	       memcmp(addr->ip, prefix, sizeof(prefix)) == 0;
}

/* Behind the prefix, but bits 64 to 71 are not used (RFC 6052, section 2.2). */
static void read_nat64(const struct turn_nat64_prefix *prefix,
		       const struct transport_addr *addr,
		       struct transport_addr *inner)
{
	const uint8_t *from = addr->ip + prefix->bits / 8;
	uint8_t ip[4];

	for (int i = 0; i < 4; i++, from++) {
		if (from == addr->ip + 8)
			from++;
		ip[i] = *from;
	}
	transport_addr_from_ip(inner, AF_INET, ip, addr->port);
}

/* The IPv4 host that packets to an IPv6 address may end at, if there is one. */
static bool find_inner(const struct turn_peer_filter *filter,
		       const struct transport_addr *addr,
		       struct transport_addr *inner)
{
	for (size_t i = 0; i < filter->nat64.n; i++) {
		const struct turn_nat64_prefix *p = &filter->nat64.v[i];

		if (addr->family == AF_INET6 &&
		    same_bits(p->prefix.ip, addr->ip, p->bits)) {
			read_nat64(p, addr, inner);
			return true;
		}
	}
	return transport_addr_embedded_ipv4(addr, inner);
}

static bool switched_off(const struct turn_peer_filter *filter,
			 const struct transport_addr *addr)
{
	return is_unspecified(addr) ||
	       (is_loopback(addr) && !filter->allow_loopback) ||
	       (is_multicast(addr) && filter->no_multicast);
}

static bool judge(const struct turn_peer_filter *filter,
		  const struct transport_addr *addr, bool any_port)
{
	if (switched_off(filter, addr))
		return false;
	if (in_ranges(&filter->allowed, addr))
		return true;
	/* RFC 8656, section 21.4: "MUST NOT accept Teredo or 6to4 addresses" */
	if (in_ranges(&filter->denied, addr) ||
	    transport_addr_is_tunneled(addr))
		return false;
	return !filter->deny_default || is_own(filter, addr, any_port) ||
	       in_default(addr) < 0;
}

static bool permits(const struct turn_peer_filter *filter,
		    const struct transport_addr *peer, bool any_port)
{
	struct transport_addr inner;

	if (!transport_addr_ip_len(peer) || (!any_port && !peer->port) ||
	    is_v4_mapped(peer))
		return false;
	if (find_inner(filter, peer, &inner) &&
	    !judge(filter, &inner, any_port))
		return false;
	return judge(filter, peer, any_port);
}

bool turn_peer_filter_permits_ip(const struct turn_peer_filter *filter,
				 const struct transport_addr *peer)
{
	return permits(filter, peer, true);
}

bool turn_peer_filter_permits(const struct turn_peer_filter *filter,
			      const struct transport_addr *peer)
{
	return permits(filter, peer, false);
}

/* Would it be permitted, but for the default? Then the range that refuses. */
static int refused_by_default(const struct turn_peer_filter *filter,
			      const struct transport_addr *addr, bool any_port)
{
	struct turn_peer_filter open = *filter;

	open.deny_default = false;
	return judge(&open, addr, any_port) && !judge(filter, addr, any_port) ?
	       in_default(addr) : -1;
}

int turn_peer_filter_default_range(const struct turn_peer_filter *filter,
				   const struct transport_addr *peer,
				   const char **name)
{
	struct transport_addr inner;
	int range;

	if (!transport_addr_ip_len(peer) || is_v4_mapped(peer))
		return -1;
	range = refused_by_default(filter, peer, !peer->port);
	if (range < 0 && judge(filter, peer, !peer->port) &&
	    find_inner(filter, peer, &inner))
		range = refused_by_default(filter, &inner, !peer->port);
	if (range >= 0)
		*name = default_denied[range].name;
	return range;
}
