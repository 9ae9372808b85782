/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Datagrams of an allocation that find no channel in force.
 */
#ifndef _KTURN_MISS_H
#define _KTURN_MISS_H

#include <linux/netfilter.h>
#include <linux/udp.h>
#include <net/l3mdev.h>

#include "flow.h"

/* Beside KTURN_A_PASSED_*: some allocations' packets come so, others' do not. */
#define KTURN_IN_VRF	-1

/* A VRF's packets come to PRE_ROUTING once more, as those of the VRF. */
static inline bool kturn_seen_before(const struct sk_buff *skb,
				     const struct nf_hook_state *state)
{
	return netif_is_l3_master(skb->dev) &&
	       state->hook == NF_INET_PRE_ROUTING;
}

unsigned int kturn_at_rest(struct kturn_net *kn, const struct sk_buff *skb,
			   const struct kturn_flow *flow, enum kturn_dir dir);
unsigned int kturn_miss(struct kturn_net *kn, struct sk_buff *skb,
			const struct nf_hook_state *state,
			const struct udphdr *udp, bool is_channel_data,
			int reason);

#endif /* _KTURN_MISS_H */
