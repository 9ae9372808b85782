// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "turn/peer_filter.h"

/*
 * RFC 6890 and its successors: what is not a host on the Internet. Loopback is
 * not listed, for it has a switch of its own, which the list must not undo.
 */
static const struct {
	const char *prefix;
	unsigned int bits;
} default_denied[] = {
	{ "0.0.0.0", 8 }, { "10.0.0.0", 8 }, { "100.64.0.0", 10 },
	{ "169.254.0.0", 16 }, { "172.16.0.0", 12 }, { "192.0.0.0", 24 },
	{ "192.0.2.0", 24 }, { "192.88.99.0", 24 }, { "192.168.0.0", 16 },
	{ "198.18.0.0", 15 }, { "198.51.100.0", 24 }, { "203.0.113.0", 24 },
	{ "224.0.0.0", 4 }, { "240.0.0.0", 4 },
	{ "::", 128 }, { "::ffff:0:0", 96 }, { "64:ff9b::", 96 },
	{ "64:ff9b:1::", 48 }, { "100::", 64 }, { "2001::", 23 },
	{ "2001:db8::", 32 }, { "2002::", 16 }, { "fc00::", 7 },
	{ "fe80::", 10 }, { "ff00::", 8 },
};

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

int turn_peer_filter_deny_default(struct turn_peer_filter *filter)
{
	size_t i;

	for (i = 0; i < sizeof(default_denied) / sizeof(*default_denied); i++) {
		struct transport_addr first, last;
		size_t bit;
		int err;

		err = transport_addr_parse(&first, default_denied[i].prefix);
		if (err)
			return err;
		last = first;
		for (bit = default_denied[i].bits;
		     bit < 8 * transport_addr_ip_len(&first); bit++)
			last.ip[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		err = turn_peer_filter_deny(filter, &first, &last);
		if (err)
			return err;
	}
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

static bool judge(const struct turn_peer_filter *filter,
		  const struct transport_addr *addr, bool any_port)
{
	if (is_unspecified(addr))
		return false;
	if (is_loopback(addr) && !filter->allow_loopback)
		return false;
	if (is_multicast(addr) && filter->no_multicast)
		return false;
	if (in_ranges(&filter->allowed, addr))
		return true;
	return !in_ranges(&filter->denied, addr) ||
	       is_own(filter, addr, any_port);
}

static bool permits(const struct turn_peer_filter *filter,
		    const struct transport_addr *peer, bool any_port)
{
	struct transport_addr inner;

	if (!transport_addr_ip_len(peer) || (!any_port && !peer->port) ||
	    is_v4_mapped(peer))
		return false;
	if (transport_addr_embedded_ipv4(peer, &inner) &&
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
