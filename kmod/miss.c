// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagrams of an allocation that find no channel in force: some are the
 * server's, some RFC 8656 says to drop.
 */
#include <net/ip.h>
#include <net/ipv6.h>

#include "miss.h"
#include "verdict.h"

/**
 * kturn_at_rest() - what becomes of a datagram whose flow does not forward
 * @kn: the namespace's state
 * @skb: the datagram
 * @flow: found for it; its time has passed
 * @dir: the flow's direction
 *
 * Finds out which has run out: the channel, its permission or its allocation.
 *
 * Context: RCU read side, bottom halves disabled.
 * Return: NF_ACCEPT or NF_DROP.
 */
unsigned int kturn_at_rest(struct kturn_net *kn, const struct sk_buff *skb,
			   const struct kturn_flow *flow, enum kturn_dir dir)
{
	const struct kturn_channel *channel =
		container_of(flow, struct kturn_channel, flow[dir]);
	const struct kturn_allocation *allocation = channel->allocation;
	struct kturn_permission *permission;

	if (time_after_eq(jiffies, READ_ONCE(allocation->due.expires)))
		return kturn_pass(kn, skb, KTURN_A_PASSED_EXPIRED);
	if (dir == KTURN_TO_PEER &&
	    time_after_eq(jiffies, READ_ONCE(channel->due.expires)))
		return kturn_drop(kn, skb, KTURN_A_DROPPED_UNBOUND_CHANNEL);
	permission = kturn_permission_find(kn, allocation, &channel->peer);
	if (!permission ||
	    time_after_eq(jiffies, READ_ONCE(permission->due.expires)))
		return kturn_drop(kn, skb, KTURN_A_DROPPED_NO_PERMISSION);
	if (time_after_eq(jiffies, READ_ONCE(channel->due.expires)))
		return kturn_pass(kn, skb, KTURN_A_PASSED_NO_CHANNEL);
	/* Refreshed since its time was looked at. */
	return kturn_pass(kn, skb, KTURN_A_PASSED_OTHER);
}

/*
 * No channel: from the client of an allocation. One that is just handed over
 * to the module comes before its channels, and one whose client moves after
 * them; until then the server knows better.
 */
static unsigned int miss_client(struct kturn_net *kn,
				const struct sk_buff *skb,
				const struct kturn_allocation *allocation,
				bool is_channel_data)
{
	if (time_after_eq(jiffies, READ_ONCE(allocation->due.expires)))
		return kturn_pass(kn, skb, KTURN_A_PASSED_EXPIRED);
	if (!is_channel_data)
		return kturn_pass(kn, skb, KTURN_A_PASSED_STUN);
	if (unlikely(!READ_ONCE(allocation->had_channel) ||
		     READ_ONCE(allocation->former)))
		return kturn_pass(kn, skb, KTURN_A_PASSED_NO_CHANNEL);
	return kturn_drop(kn, skb, KTURN_A_DROPPED_UNBOUND_CHANNEL);
}

/* The same to the relayed transport address: its permissions may be to come. */
static unsigned int miss_peer(struct kturn_net *kn, const struct sk_buff *skb,
			      const struct kturn_allocation *allocation,
			      const struct kturn_endpoint *peer)
{
	struct kturn_permission *permission;

	if (time_after_eq(jiffies, READ_ONCE(allocation->due.expires)))
		return kturn_pass(kn, skb, KTURN_A_PASSED_EXPIRED);
	if (unlikely(!READ_ONCE(allocation->had_permission)))
		return kturn_pass(kn, skb, KTURN_A_PASSED_NO_CHANNEL);
	permission = kturn_permission_find(kn, allocation, peer);
	if (!permission ||
	    time_after_eq(jiffies, READ_ONCE(permission->due.expires)))
		return kturn_drop(kn, skb, KTURN_A_DROPPED_NO_PERMISSION);
	return kturn_pass(kn, skb, KTURN_A_PASSED_NO_CHANNEL);
}

static void tuple_fill(struct kturn_five_tuple *t, const struct sk_buff *skb,
		       const struct udphdr *udp)
{
	memset(t, 0, sizeof(*t));
	if (ip_hdr(skb)->version == 4) {
		t->client.addr.ip = ip_hdr(skb)->saddr;
		t->server.addr.ip = ip_hdr(skb)->daddr;
		t->client.family = AF_INET;
	} else {
		t->client.addr.in6 = ipv6_hdr(skb)->saddr;
		t->server.addr.in6 = ipv6_hdr(skb)->daddr;
		t->client.family = AF_INET6;
	}
	t->server.family = t->client.family;
	t->client.port = udp->source;
	t->server.port = udp->dest;
}

/**
 * kturn_miss() - what becomes of a datagram of no channel
 * @kn: the namespace's state
 * @skb: to a port that allocations use
 * @state: where it was seen
 * @udp: its UDP header
 * @is_channel_data: it is, by its first byte
 * @reason: KTURN_A_PASSED_* if it is not to be looked at any closer, or
 *	KTURN_IN_VRF, or 0
 *
 * Context: RCU read side, bottom halves disabled.
 * Return: NF_ACCEPT or NF_DROP.
 */
unsigned int kturn_miss(struct kturn_net *kn, struct sk_buff *skb,
			const struct nf_hook_state *state,
			const struct udphdr *udp, bool is_channel_data,
			int reason)
{
	struct kturn_allocation *allocation;
	struct kturn_five_tuple t;

	if (kturn_seen_before(skb, state))
		return NF_ACCEPT;
	if (reason == KTURN_IN_VRF)
		reason = 0;
	tuple_fill(&t, skb, udp);
	allocation = kturn_allocation_by_relayed(kn, &t.server);
	if (allocation) {
		this_cpu_inc(kn->stats->received);
		return reason ? kturn_pass(kn, skb, reason) :
				miss_peer(kn, skb, allocation, &t.client);
	}
	allocation = kturn_allocation_by_client(kn, &t);
	if (allocation) {
		this_cpu_inc(kn->stats->received);
		return reason ? kturn_pass(kn, skb, reason) :
				miss_client(kn, skb, allocation, is_channel_data);
	}
	return NF_ACCEPT;
}
