/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers of relayed datagrams: pure functions over bytes, without skb.
 *
 * A relayed datagram keeps everything that the sender wrote except for
 * addresses, ports, lengths, hop limit, identification, flow label and
 * checksums. DSCP, ECN and DF stay by staying where they are (RFC 8656 section
 * 14).
 */
#ifndef _KTURN_REWRITE_H
#define _KTURN_REWRITE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

struct kturn_flow;

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
 * @flow: direction it was received on
 * @out: the other direction, whose addresses it leaves with, swapped
 * @csum: how its UDP checksum field is to be understood
 * @len_delta: change of the UDP length, in bytes
 * @csum_delta: one's complement sum that goes into a full checksum beside
 *	&kturn_flow.csum
 * @pad: padding bytes taken off
 * @id: identification of the IPv4 datagram that is sent
 */
struct kturn_rewrite {
	const struct kturn_flow *flow;
	const struct kturn_flow *out;
	enum kturn_csum csum;
	int len_delta;
	u32 csum_delta;
	u16 pad;
	__be16 id;
};

void kturn_rewrite_prepare(struct kturn_flow *flow, u16 family);
void kturn_rewrite4(struct kturn_headers4 *to, const struct kturn_headers4 *from,
		    const struct kturn_rewrite *rw);
void kturn_rewrite6(struct kturn_headers6 *to, const struct kturn_headers6 *from,
		    const struct kturn_rewrite *rw);

#ifdef DEBUG
bool kturn_rewrite_selftest(void);
#else
static inline bool kturn_rewrite_selftest(void)
{
	return true;
}
#endif

#endif /* _KTURN_REWRITE_H */
