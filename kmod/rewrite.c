// SPDX-License-Identifier: GPL-2.0-only
/*
 * What rewriting changes in every datagram of a flow, summed up when the
 * channel is bound.
 */
#include "rewrite.h"

static u16 words_sum(const void *from, unsigned int bytes)
{
	const u16 *p = from;
	u32 sum = 0;

	for (; bytes; bytes -= 2)
		sum += *p++;
	return kturn_fold(sum);
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
 * @flow: the two directions of a channel, tuples set
 * @client_family: AF_INET or AF_INET6, of the tuple of what the client sends
 * @peer_family: the same of what the peer sends
 *
 * A full checksum covers the UDP length twice, in the header and in the pseudo
 * header, and a ChannelData header that comes or goes. Swapping source and
 * destination does not change a sum, so the new tuple is the other direction's
 * as it stands. The pseudo headers of the two families differ in nothing but
 * the addresses.
 */
void kturn_rewrite_prepare(struct kturn_flow *flow, u16 client_family,
			   u16 peer_family)
{
	struct kturn_flow *to_peer = &flow[KTURN_TO_PEER];
	struct kturn_flow *to_client = &flow[KTURN_TO_CLIENT];
	u16 number = client_family == AF_INET ?
			     (__force u16)to_peer->tuple4.number :
			     (__force u16)to_peer->tuple6.number;
	u16 client = addresses_sum(to_peer, client_family);
	u16 peer = addresses_sum(to_client, peer_family);
	u16 client_ports = ports_sum(to_peer, client_family);
	u16 peer_ports = ports_sum(to_client, peer_family);
	u16 len = kturn_word(KTURN_CHANNEL_DATA_LEN);

	to_peer->csum_pseudo = kturn_fold(peer + (u16)~client + (u16)~len);
	to_peer->csum = kturn_fold(to_peer->csum_pseudo + peer_ports +
			     (u16)~client_ports + (u16)~len + (u16)~number);
	to_client->csum_pseudo = kturn_fold(client + (u16)~peer + len);
	to_client->csum = kturn_fold(to_client->csum_pseudo + client_ports +
			       (u16)~peer_ports + len + number);
}
