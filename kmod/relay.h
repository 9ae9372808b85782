/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet path.
 */
#ifndef _KTURN_RELAY_H
#define _KTURN_RELAY_H

#include <linux/netfilter.h>

unsigned int kturn_relay4(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state);
unsigned int kturn_relay6(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state);

#endif /* _KTURN_RELAY_H */
