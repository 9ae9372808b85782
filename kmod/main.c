// SPDX-License-Identifier: GPL-2.0-only
/*
 * kturn: the data path of a TURN server (RFC 8656).
 *
 * Load, unload, and what a network namespace gets.
 */
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/netns/generic.h>

#include "hook.h"
#include "netlink.h"
#include "rewrite.h"
#include "tables.h"
#include "version.h"
#include "xdp.h"

static unsigned int kturn_net_id __read_mostly;

/**
 * kturn_net() - what a network namespace owns
 * @net: the namespace
 */
struct kturn_net *kturn_net(const struct net *net)
{
	return net_generic(net, kturn_net_id);
}

static int __net_init kturn_net_init(struct net *net)
{
	struct kturn_net *kn = kturn_net(net);
	int err;

	kn->net = net;
	kn->hook = KTURN_HOOK_PREROUTING;
	kn->hooked = KTURN_HOOK_NONE;
	kn->stats = alloc_percpu(struct kturn_stats);
	if (!kn->stats)
		return -ENOMEM;
	kn->shares = alloc_percpu(struct kturn_share);
	err = kn->shares ? kturn_state_init(kn) : -ENOMEM;
	if (err) {
		free_percpu(kn->shares);
		free_percpu(kn->stats);
	}
	return err;
}

/* A grace period lies between this and kturn_net_exit(): no packet is left. */
static void __net_exit kturn_net_pre_exit(struct net *net)
{
	struct kturn_net *kn = kturn_net(net);

	mutex_lock(&kn->lock);
	kn->closing = true;
	kturn_hook_set(kn, KTURN_HOOK_NONE);
	mutex_unlock(&kn->lock);
}

static void __net_exit kturn_net_exit(struct net *net)
{
	struct kturn_net *kn = kturn_net(net);

	kturn_state_exit(kn);
	free_percpu(kn->shares);
	free_percpu(kn->stats);
}

static struct pernet_operations kturn_net_ops = {
	.init = kturn_net_init,
	.pre_exit = kturn_net_pre_exit,
	.exit = kturn_net_exit,
	.id = &kturn_net_id,
	.size = sizeof(struct kturn_net),
};

static int __init kturn_init(void)
{
	int err;

	if (!kturn_rewrite_selftest())
		return -ENOTRECOVERABLE;
	kturn_hash_init();
	err = kturn_state_caches_init();
	if (err)
		return err;
	err = register_pernet_subsys(&kturn_net_ops);
	if (err)
		goto err_caches;
	kturn_xdp_init();
	err = kturn_netlink_init();
	if (err)
		goto err_pernet;
	pr_info("kturn " KTURN_VERSION " loaded\n");
	return 0;

err_pernet:
	unregister_pernet_subsys(&kturn_net_ops);
	rcu_barrier();
err_caches:
	kturn_state_caches_exit();
	return err;
}

static void __exit kturn_exit(void)
{
	kturn_netlink_exit();
	unregister_pernet_subsys(&kturn_net_ops);
	/* Objects are freed in RCU callbacks, which are code of this module. */
	rcu_barrier();
	kturn_state_caches_exit();
}

module_init(kturn_init);
module_exit(kturn_exit);

MODULE_DESCRIPTION("Data path of a TURN server (RFC 8656)");
MODULE_LICENSE("GPL");
MODULE_VERSION(KTURN_VERSION);
MODULE_ALIAS_GENL_FAMILY(KTURN_FAMILY_NAME);
