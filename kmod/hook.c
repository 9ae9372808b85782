// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the packet path is attached, in a namespace that has allocations.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "hook.h"
#include "relay.h"

/*
 * After the raw table, so that its rules hold for relayed packets as well, and
 * after defragmentation where there is some; ahead of conntrack.
 */
#define KTURN_PRI_PREROUTING	(NF_IP_PRI_CONNTRACK - 1)
/* After every filter, before conntrack's last word. */
#define KTURN_PRI_INPUT		(NF_IP_PRI_LAST - 1)

static struct nf_hook_ops *hook_ops(struct kturn_net *kn, enum kturn_hook hook)
{
	return hook == KTURN_HOOK_NONE ? NULL : kn->hook_ops[hook - 1];
}

static void hook_ops_fill(struct kturn_net *kn, enum kturn_hook hook,
			  struct nf_hook_ops *ops)
{
	bool input = hook == KTURN_HOOK_INPUT;
	int i;

	ops[KTURN_IPV4].hook = kturn_relay4;
	ops[KTURN_IPV4].pf = NFPROTO_IPV4;
	ops[KTURN_IPV6].hook = kturn_relay6;
	ops[KTURN_IPV6].pf = NFPROTO_IPV6;
	for (i = 0; i < KTURN_FAMILIES; i++) {
		ops[i].priv = kn;
		ops[i].hooknum = input ? NF_INET_LOCAL_IN : NF_INET_PRE_ROUTING;
		ops[i].priority = input ? KTURN_PRI_INPUT :
					  KTURN_PRI_PREROUTING;
	}
}

/**
 * kturn_hook_set() - attach the packet path at another point
 * @kn: namespace, with its map of ports
 * @hook: where
 *
 * The new point is attached before the old one is given up: a packet meets
 * at least one of them, and of two the first takes it.
 *
 * Context: kturn_net.lock.
 * Return: 0, or an error, and nothing has changed
 */
int kturn_hook_set(struct kturn_net *kn, enum kturn_hook hook)
{
	struct nf_hook_ops *ops = hook_ops(kn, hook);
	struct nf_hook_ops *old = hook_ops(kn, kn->hooked);
	int err;

	if (ops == old)
		return 0;
	if (ops) {
		hook_ops_fill(kn, hook, ops);
		err = nf_register_net_hooks(kn->net, ops, KTURN_FAMILIES);
		if (err)
			return err;
	}
	if (old)
		nf_unregister_net_hooks(kn->net, old, KTURN_FAMILIES);
	kn->hooked = hook;
	return 0;
}
