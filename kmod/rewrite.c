// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers and checksums of relayed datagrams.
 *
 * Checksums are updated, never computed anew (RFC 1624): no pass over the
 * payload, and what was damaged on its way here stays recognizably so. Nearly
 * all of the update is the same for every packet of a flow and is summed up
 * when the channel is bound.
 */
#include <linux/bitops.h>
#include <linux/string.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/ipv6.h>
#include <net/udp.h>

#include "rewrite.h"
#include "state.h"

/* One's complement sums are kept in 16 bits, in the packet's byte order. */
static u16 fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

static u16 word(u16 value)
{
	return (__force u16)htons(value);
}

static u16 words_sum(const void *from, unsigned int bytes)
{
	const u16 *p = from;
	u32 sum = 0;

	for (; bytes; bytes -= 2)
		sum += *p++;
	return fold(sum);
}

/* Sum of the addresses of a tuple, or of its ports. */
static u16 addresses_sum(const struct kturn_flow *flow, u16 family)
{
	if (family == AF_INET)
		return words_sum(&flow->tuple4.saddr, 8);
	return words_sum(&flow->tuple6.saddr, 32);
}

static u16 ports_sum(const struct kturn_flow *flow, u16 family)
{
	if (family == AF_INET)
		return words_sum(&flow->tuple4.sport, 4);
	return words_sum(&flow->tuple6.sport, 4);
}

/**
 * kturn_rewrite_prepare() - sum up what rewriting changes in every datagram
 * @flow: the two directions of a channel, tuples set and of one family
 * @family: AF_INET or AF_INET6
 *
 * A full checksum covers the UDP length twice, in the header and in the pseudo
 * header, and a ChannelData header that comes or goes. Swapping source and
 * destination does not change a sum, so the new tuple is the other direction's
 * as it stands.
 */
void kturn_rewrite_prepare(struct kturn_flow *flow, u16 family)
{
	struct kturn_flow *to_peer = &flow[KTURN_TO_PEER];
	struct kturn_flow *to_client = &flow[KTURN_TO_CLIENT];
	u16 number = family == AF_INET ? (__force u16)to_peer->tuple4.number :
					 (__force u16)to_peer->tuple6.number;
	u16 client = addresses_sum(to_peer, family);
	u16 peer = addresses_sum(to_client, family);
	u16 client_ports = ports_sum(to_peer, family);
	u16 peer_ports = ports_sum(to_client, family);
	u16 len = word(KTURN_CHANNEL_DATA_LEN);

	to_peer->csum_pseudo = fold(peer + (u16)~client + (u16)~len);
	to_peer->csum = fold(to_peer->csum_pseudo + peer_ports +
			     (u16)~client_ports + (u16)~len + (u16)~number);
	to_client->csum_pseudo = fold(client + (u16)~peer + len);
	to_client->csum = fold(to_client->csum_pseudo + client_ports +
			       (u16)~peer_ports + len + number);
}

/* The UDP checksum field of the rewritten datagram. */
static __sum16 udp_check(__sum16 old, const struct kturn_rewrite *rw)
{
	u16 pad = ~word(rw->pad);
	u16 check = (__force u16)old;

	if (rw->csum == KTURN_CSUM_PSEUDO)
		return (__force __sum16)fold(check + rw->flow->csum_pseudo +
					     pad);
	if (!check)
		return 0;
	check = ~fold((u16)~check + rw->flow->csum + rw->csum_delta + pad + pad);
	return check ? (__force __sum16)check : CSUM_MANGLED_0;
}

/**
 * kturn_rewrite4() - write the headers of a relayed IPv4 datagram
 * @to: where to; may overlap @from
 * @from: headers as received
 * @rw: what changes
 */
void kturn_rewrite4(struct kturn_headers4 *to, const struct kturn_headers4 *from,
		    const struct kturn_rewrite *rw)
{
	const struct kturn_tuple4 *tuple = &rw->out->tuple4;
	struct kturn_headers4 h;

	memcpy(&h, from, sizeof(h));
	h.ip.tot_len = htons(ntohs(h.ip.tot_len) + rw->len_delta);
	h.ip.id = rw->id;
	h.ip.ttl--;
	h.ip.saddr = tuple->daddr;
	h.ip.daddr = tuple->saddr;
	h.ip.check = 0;
	h.udp.source = tuple->dport;
	h.udp.dest = tuple->sport;
	h.udp.len = htons(ntohs(h.udp.len) + rw->len_delta);
	h.udp.check = udp_check(h.udp.check, rw);
	memcpy(to, &h, sizeof(h));
	to->ip.check = ip_fast_csum(&to->ip, sizeof(to->ip) / 4);
}

/**
 * kturn_rewrite6() - write the headers of a relayed IPv6 datagram
 * @to: where to; may overlap @from
 * @from: headers as received
 * @rw: what changes
 *
 * Two flows, two labels (RFC 8656 section 13.2): the label comes of the hash
 * of the flow that is sent, in the stateless half (RFC 6437 section 3).
 */
void kturn_rewrite6(struct kturn_headers6 *to, const struct kturn_headers6 *from,
		    const struct kturn_rewrite *rw)
{
	const struct kturn_tuple6 *tuple = &rw->out->tuple6;
	struct kturn_headers6 h;
	__be32 label;

	memcpy(&h, from, sizeof(h));
	label = (htonl(rw->flow->hash) & IPV6_FLOWLABEL_MASK) |
		IPV6_FLOWLABEL_STATELESS_FLAG;
	ip6_flow_hdr(&h.ip, ipv6_get_dsfield(&h.ip), label);
	h.ip.payload_len = htons(ntohs(h.ip.payload_len) + rw->len_delta);
	h.ip.hop_limit--;
	h.ip.saddr = tuple->daddr;
	h.ip.daddr = tuple->saddr;
	h.udp.source = tuple->dport;
	h.udp.dest = tuple->sport;
	h.udp.len = htons(ntohs(h.udp.len) + rw->len_delta);
	h.udp.check = udp_check(h.udp.check, rw);
	memcpy(to, &h, sizeof(h));
}
