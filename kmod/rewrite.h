/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers and checksums of relayed datagrams: pure functions over bytes,
 * without skb, inline because they are the packet path.
 *
 * A relayed datagram keeps everything that the sender wrote except for
 * addresses, ports, lengths, hop limit, identification, flow label and
 * checksums. DSCP, ECN and DF stay by staying where they are (RFC 8656 section
 * 14).
 *
 * Checksums are updated, never computed anew (RFC 1624): no pass over the
 * payload, and what was damaged on its way here stays recognizably so. Nearly
 * all of the update is the same for every packet of a flow and is summed up
 * when the channel is bound.
 */
#ifndef _KTURN_REWRITE_H
#define _KTURN_REWRITE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/ipv6.h>
#include <net/udp.h>

#include "state.h"

/* ChannelData header (RFC 8656 section 12.4). */
struct kturn_channel_data {
	__be16 number;
	__be16 len;
};

#define KTURN_CHANNEL_DATA_LEN	sizeof(struct kturn_channel_data)

struct kturn_headers4 {
	struct iphdr ip;
	struct udphdr udp;
} __packed __aligned(4);

struct kturn_headers6 {
	struct ipv6hdr ip;
	struct udphdr udp;
} __packed __aligned(4);

/* How the UDP checksum field of a datagram is to be understood. */
enum kturn_csum {
	KTURN_CSUM_FULL,	/* a checksum; 0 for none */
	KTURN_CSUM_PSEUDO,	/* pseudo header only, the rest is added later */
};

/**
 * struct kturn_rewrite - what is done to a datagram
 * @out: the flow whose addresses it leaves with, swapped
 * @hash: flow hash of what is sent; the flow label comes of it
 * @csum: how its UDP checksum field is to be understood
 * @len_delta: change of the UDP length, in bytes
 * @sum: one's complement sum that goes into a full checksum: what is the same
 *	for every packet, see &kturn_flow.csum
 * @sum_pseudo: the same for the pseudo header alone
 * @csum_delta: and what this packet adds to @sum
 * @csum_pad: what a length shorter by @pad adds to a sum
 * @pad: padding bytes taken off
 */
struct kturn_rewrite {
	const struct kturn_flow *out;
	u32 hash;
	enum kturn_csum csum;
	int len_delta;
	u32 sum;
	u32 sum_pseudo;
	u32 csum_delta;
	u16 csum_pad;
	u16 pad;
};

void kturn_rewrite_prepare(struct kturn_flow *flow, u16 client_family,
			   u16 peer_family);

/* One's complement sums are kept in 16 bits, in the packet's byte order. */
static inline u16 kturn_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

static inline u16 kturn_word(u16 value)
{
	return (__force u16)htons(value);
}

/* What it adds to a sum if a 16-bit field becomes less by @value. */
static inline u16 kturn_sum_less(u16 value)
{
	return ~kturn_word(value);
}

/* The UDP checksum field of the rewritten datagram. */
static __always_inline __sum16 kturn_udp_check(__sum16 old,
					       const struct kturn_rewrite *rw)
{
	u16 check = (__force u16)old;

	if (rw->csum == KTURN_CSUM_PSEUDO)
		return (__force __sum16)kturn_fold(check +
						   rw->sum_pseudo +
						   rw->csum_pad);
	if (!check)
		return 0;
	check = ~kturn_fold((u16)~check + rw->sum + rw->csum_delta +
			    2 * rw->csum_pad);
	return check ? (__force __sum16)check : CSUM_MANGLED_0;
}

/*
 * The header checksum of the rewritten datagram. Of the header as of the
 * pseudo header, addresses and length change, and the same way; TTL beside.
 */
static __always_inline __sum16 kturn_ip_check(__sum16 old,
					      const struct kturn_rewrite *rw)
{
	return (__force __sum16)~kturn_fold((u16)~(__force u16)old +
					    rw->sum_pseudo + rw->csum_pad +
					    kturn_sum_less(1 << 8));
}

/**
 * kturn_rewrite4() - write the headers of a relayed IPv4 datagram
 * @to: where to; may overlap @from
 * @from: headers as received
 * @rw: what changes
 */
static __always_inline void kturn_rewrite4(struct kturn_headers4 *to,
					   const struct kturn_headers4 *from,
					   const struct kturn_rewrite *rw)
{
	const struct kturn_tuple4 *tuple = &rw->out->tuple4;
	/* All is read before anything is written: version to check, UDP. */
	const u32 *old = (const u32 *)from;
	const u32 word0 = old[0], word1 = old[1], word2 = old[2];
	const u16 tot_len = ntohs(from->ip.tot_len) + rw->len_delta;
	const u16 udp_len = ntohs(from->udp.len) + rw->len_delta;
	const __sum16 udp_check = kturn_udp_check(from->udp.check, rw);
	const __sum16 ip_check = kturn_ip_check(from->ip.check, rw);

	((u32 *)to)[0] = word0;
	((u32 *)to)[1] = word1;
	((u32 *)to)[2] = word2;
	to->ip.tot_len = htons(tot_len);
	to->ip.ttl--;
	to->ip.check = ip_check;
	to->ip.saddr = tuple->daddr;
	to->ip.daddr = tuple->saddr;
	to->udp.source = tuple->dport;
	to->udp.dest = tuple->sport;
	to->udp.len = htons(udp_len);
	to->udp.check = udp_check;
}

/*
 * Two flows, two labels (RFC 8656 section 13.2): the label comes of the hash
 * of the flow that is sent, in the stateless half (RFC 6437 section 3).
 */
static __always_inline __be32 kturn_flow_label(const struct kturn_rewrite *rw)
{
	return (htonl(rw->hash) & IPV6_FLOWLABEL_MASK) |
	       IPV6_FLOWLABEL_STATELESS_FLAG;
}

/**
 * kturn_rewrite6() - write the headers of a relayed IPv6 datagram
 * @to: where to; may overlap @from
 * @from: headers as received
 * @rw: what changes
 */
static __always_inline void kturn_rewrite6(struct kturn_headers6 *to,
					   const struct kturn_headers6 *from,
					   const struct kturn_rewrite *rw)
{
	const struct kturn_tuple6 *tuple = &rw->out->tuple6;
	const __be32 label = kturn_flow_label(rw);
	/* All is read before anything is written. */
	const u8 tclass = ipv6_get_dsfield(&from->ip);
	const u16 payload_len = ntohs(from->ip.payload_len) + rw->len_delta;
	const u16 udp_len = ntohs(from->udp.len) + rw->len_delta;
	const __sum16 check = kturn_udp_check(from->udp.check, rw);
	const u8 hop_limit = from->ip.hop_limit - 1;

	ip6_flow_hdr(&to->ip, tclass, label);
	to->ip.payload_len = htons(payload_len);
	to->ip.nexthdr = IPPROTO_UDP;
	to->ip.hop_limit = hop_limit;
	to->ip.saddr = tuple->daddr;
	to->ip.daddr = tuple->saddr;
	to->udp.source = tuple->dport;
	to->udp.dest = tuple->sport;
	to->udp.len = htons(udp_len);
	to->udp.check = check;
}

/* The UDP header of a datagram that changes its family. */
static __always_inline void kturn_udp_write(struct udphdr *to, __be16 source,
					    __be16 dest, u16 len, __sum16 check)
{
	to->source = source;
	to->dest = dest;
	to->len = htons(len);
	to->check = check;
}

/* Longest packet that may be fragmented on its way, see kturn_rewrite64(). */
#define KTURN_FRAGMENTABLE_LEN	(IPV6_MIN_MTU - sizeof(struct iphdr))

/**
 * kturn_rewrite46() - write the headers of a datagram that becomes IPv6
 * @to: where to; may overlap @from
 * @from: headers as received
 * @rw: what changes
 *
 * RFC 8656 section 13.1, RFC 7915 section 4.1.
 */
static __always_inline void kturn_rewrite46(struct kturn_headers6 *to,
					    const struct kturn_headers4 *from,
					    const struct kturn_rewrite *rw)
{
	const struct kturn_tuple6 *tuple = &rw->out->tuple6;
	/* All is read before anything is written. */
	const u8 tos = from->ip.tos, ttl = from->ip.ttl;
	const u16 udp_len = ntohs(from->udp.len) + rw->len_delta;
	const __sum16 check = kturn_udp_check(from->udp.check, rw);

	ip6_flow_hdr(&to->ip, tos, kturn_flow_label(rw));
	to->ip.payload_len = htons(udp_len);
	to->ip.nexthdr = IPPROTO_UDP;
	to->ip.hop_limit = ttl - 1;
	to->ip.saddr = tuple->daddr;
	to->ip.daddr = tuple->saddr;
	kturn_udp_write(&to->udp, tuple->dport, tuple->sport, udp_len, check);
}

/**
 * kturn_rewrite64() - write the headers of a datagram that becomes IPv4
 * @to: where to; may overlap @from
 * @from: headers as received
 * @rw: what changes
 *
 * RFC 8656 section 13.3, RFC 7915 section 5.1: what IPv6 would have let pass
 * everywhere may be fragmented, anything longer may not. An identification
 * is for the caller to choose.
 */
static __always_inline void kturn_rewrite64(struct kturn_headers4 *to,
					    const struct kturn_headers6 *from,
					    const struct kturn_rewrite *rw)
{
	const struct kturn_tuple4 *tuple = &rw->out->tuple4;
	/* All is read before anything is written. */
	const u8 tclass = ipv6_get_dsfield(&from->ip);
	const u8 hop_limit = from->ip.hop_limit;
	const u16 udp_len = ntohs(from->udp.len) + rw->len_delta;
	const u16 tot_len = udp_len + sizeof(struct iphdr);
	const __sum16 check = kturn_udp_check(from->udp.check, rw);

	to->ip.version = 4;
	to->ip.ihl = 5;
	to->ip.tos = tclass;
	to->ip.tot_len = htons(tot_len);
	to->ip.id = 0;
	to->ip.frag_off = tot_len > KTURN_FRAGMENTABLE_LEN ? htons(IP_DF) : 0;
	to->ip.ttl = hop_limit - 1;
	to->ip.protocol = IPPROTO_UDP;
	to->ip.check = 0;
	to->ip.saddr = tuple->daddr;
	to->ip.daddr = tuple->saddr;
	to->ip.check = ip_fast_csum(&to->ip, to->ip.ihl);
	kturn_udp_write(&to->udp, tuple->dport, tuple->sport, udp_len, check);
}

#ifdef DEBUG
bool kturn_rewrite_selftest(void);
#else
static inline bool kturn_rewrite_selftest(void)
{
	return true;
}
#endif

#endif /* _KTURN_REWRITE_H */
