// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations (RFC 8656 section 3.2).
 */
#include <linux/netlink.h>
#include <linux/slab.h>

#include "netlink.h"
#include "objects.h"
#include "tables.h"

/* Allocations that a flush deletes before it lets others have the lock. */
#define KTURN_FLUSH_BATCH	256

static void allocation_free_rcu(struct rcu_head *rcu)
{
	struct kturn_allocation *allocation =
		container_of(rcu, struct kturn_allocation, rcu);

	kfree(allocation->userdata);
	kmem_cache_free(kturn_allocation_cache, allocation);
}

/**
 * kturn_allocation_has() - is its client's 5-tuple this one, now?
 * @allocation: the allocation
 * @tuple: client's and server's transport address
 *
 * Context: kturn_net.lock.
 */
bool kturn_allocation_has(const struct kturn_allocation *allocation,
			  const struct kturn_five_tuple *tuple)
{
	return !memcmp(&allocation->client->tuple, tuple, sizeof(*tuple));
}

/* Expired but not yet swept does not stand in the way of a new one. */
static void allocation_make_way(struct kturn_net *kn,
				struct kturn_allocation *allocation)
{
	if (allocation && kturn_due_passed(&allocation->due))
		kturn_allocation_del(kn, allocation, KTURN_DEL_REASON_EXPIRED);
}

/* Nor does one whose client has moved away from the 5-tuple. */
void kturn_client_make_way(struct kturn_net *kn,
			   const struct kturn_five_tuple *tuple)
{
	struct kturn_allocation *allocation;

	allocation = kturn_allocation_by_client(kn, tuple);
	if (allocation && !kturn_allocation_has(allocation, tuple))
		kturn_move_end(kn, allocation);
	else
		allocation_make_way(kn, allocation);
}

static int relayed_take(struct kturn_net *kn, struct kturn_relayed *relayed,
			struct netlink_ext_ack *extack)
{
	int err;

	if (!relayed->endpoint.family)
		return 0;
	err = kturn_relayed_insert(kn, relayed);
	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "Relayed transport address is taken");
	if (err)
		return err;
	err = kturn_port_get(kn, relayed->endpoint.port, KTURN_PORT_RELAYED);
	if (err)
		kturn_relayed_remove(kn, relayed);
	return err;
}

static void relayed_release(struct kturn_net *kn, struct kturn_relayed *relayed)
{
	if (!relayed->endpoint.family)
		return;
	kturn_port_put(kn, relayed->endpoint.port, KTURN_PORT_RELAYED);
	kturn_relayed_remove(kn, relayed);
}

static int allocation_insert(struct kturn_net *kn,
			     struct kturn_allocation *allocation,
			     struct netlink_ext_ack *extack)
{
	int err;

	err = kturn_client_insert(kn, allocation->client);
	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "5-tuple has an allocation already");
	if (err)
		return err;
	err = kturn_port_get(kn, allocation->client->tuple.server.port,
			     KTURN_PORT_SERVER);
	if (err)
		goto err_client;
	err = relayed_take(kn, &allocation->relayed[KTURN_IPV4], extack);
	if (err)
		goto err_server_port;
	err = relayed_take(kn, &allocation->relayed[KTURN_IPV6], extack);
	if (err)
		goto err_ipv4;
	err = xa_alloc_cyclic(&kn->allocations, &allocation->id, allocation,
			      xa_limit_32b, &kn->next_id, GFP_KERNEL);
	if (err < 0)
		goto err_ipv6;
	return 0;

err_ipv6:
	relayed_release(kn, &allocation->relayed[KTURN_IPV6]);
err_ipv4:
	relayed_release(kn, &allocation->relayed[KTURN_IPV4]);
err_server_port:
	kturn_port_put(kn, allocation->client->tuple.server.port,
		       KTURN_PORT_SERVER);
err_client:
	kturn_client_remove(kn, allocation->client);
	return err;
}

static struct kturn_allocation *
allocation_alloc(const struct kturn_five_tuple *tuple,
		 const struct kturn_endpoint relayed[KTURN_FAMILIES])
{
	struct kturn_allocation *allocation;
	int i;

	allocation = kmem_cache_zalloc(kturn_allocation_cache, GFP_KERNEL);
	if (!allocation)
		return NULL;
	allocation->first.tuple = *tuple;
	allocation->first.allocation = allocation;
	allocation->client = &allocation->first;
	for (i = 0; i < KTURN_FAMILIES; i++) {
		allocation->relayed[i].endpoint = relayed[i];
		allocation->relayed[i].slot = i;
	}
	return allocation;
}

/**
 * kturn_allocation_new() - create an allocation
 * @kn: namespace, its hook registered
 * @tuple: client's and server's transport address, of one family
 * @relayed: relayed transport addresses, at least one
 * @expires: deadline in jiffies
 * @extack: for a refusal
 *
 * Context: kturn_net.lock.
 * Return: the allocation, or -EEXIST, -ENOSPC at the limit, -ENOMEM
 */
struct kturn_allocation *
kturn_allocation_new(struct kturn_net *kn, const struct kturn_five_tuple *tuple,
		     const struct kturn_endpoint relayed[KTURN_FAMILIES],
		     unsigned long expires, struct netlink_ext_ack *extack)
{
	struct kturn_allocation *allocation;
	int i, err;

	kturn_client_make_way(kn, tuple);
	for (i = 0; i < KTURN_FAMILIES; i++)
		if (relayed[i].family)
			allocation_make_way(kn, kturn_allocation_by_relayed(kn, &relayed[i]));
	if (kn->n_allocations >= kn->max_allocations) {
		NL_SET_ERR_MSG(extack,
			       "Limit on allocations reached, see max-allocations");
		return ERR_PTR(-ENOSPC);
	}
	allocation = allocation_alloc(tuple, relayed);
	if (!allocation)
		return ERR_PTR(-ENOMEM);
	allocation->due.expires = expires;
	err = allocation_insert(kn, allocation, extack);
	if (err) {
		/* Packets may have found it by its 5-tuple. */
		call_rcu(&allocation->rcu, allocation_free_rcu);
		return ERR_PTR(err);
	}
	if (!kn->n_allocations++) {
		kturn_wheel_init(&kn->wheel);
		queue_delayed_work(system_power_efficient_wq, &kn->sweep, HZ);
	}
	kturn_wheel_add(&kn->wheel, &allocation->due, KTURN_DUE_ALLOCATION,
			expires);
	kn->generation++;
	return allocation;
}

/**
 * kturn_allocation_refresh() - give an allocation a new deadline
 * @kn: namespace
 * @allocation: the allocation
 * @expires: deadline in jiffies
 *
 * Context: kturn_net.lock.
 */
void kturn_allocation_refresh(struct kturn_net *kn,
			      struct kturn_allocation *allocation,
			      unsigned long expires)
{
	struct rb_node *node;

	kturn_wheel_move(&kn->wheel, &allocation->due, expires);
	for (node = rb_first(&allocation->channels); node; node = rb_next(node))
		kturn_channel_update_until(rb_entry(node, struct kturn_channel, tree));
}

/**
 * kturn_allocation_stats() - what an allocation has forwarded
 * @allocation: the allocation
 * @stats: by direction, deleted channels included
 *
 * Context: kturn_net.lock.
 */
void kturn_allocation_stats(const struct kturn_allocation *allocation,
			    struct kturn_flow_stats stats[KTURN_DIRS])
{
	struct rb_node *node;

	memcpy(stats, allocation->flow, sizeof(allocation->flow));
	for (node = rb_first(&allocation->channels); node; node = rb_next(node))
		kturn_channel_stats(rb_entry(node, struct kturn_channel, tree),
				    stats);
}

/**
 * kturn_allocation_del() - delete an allocation and what belongs to it
 * @kn: namespace
 * @allocation: the allocation, freed after an RCU grace period
 * @reason: for the notification
 *
 * Context: kturn_net.lock.
 */
void kturn_allocation_del(struct kturn_net *kn,
			  struct kturn_allocation *allocation,
			  enum kturn_del_reason reason)
{
	struct rb_node *node;

	kturn_notify_allocation(kn, allocation, reason);

	/*
	 * The addresses go first: packets meet no allocation then, rather than
	 * one that lacks its channels, and are left to the server.
	 */
	kturn_move_end(kn, allocation);
	kturn_client_release(kn, allocation->client);
	relayed_release(kn, &allocation->relayed[KTURN_IPV6]);
	relayed_release(kn, &allocation->relayed[KTURN_IPV4]);

	/* There may be 16,384 of these, and a million of those. */
	while ((node = rb_first(&allocation->channels))) {
		kturn_channel_unlink(kn, rb_entry(node, struct kturn_channel, tree));
		cond_resched();
	}
	while ((node = rb_first(&allocation->permissions))) {
		kturn_permission_unlink(kn, rb_entry(node, struct kturn_permission,
						     tree));
		cond_resched();
	}
	kturn_wheel_del(&allocation->due);
	xa_erase(&kn->allocations, allocation->id);
	kn->n_allocations--;
	kn->generation++;
	call_rcu(&allocation->rcu, allocation_free_rcu);
}

/**
 * kturn_flush() - delete everything in a namespace
 * @kn: namespace
 *
 * As many allocations as there were at the beginning, the lock being let go
 * of in between: with a million of them others would wait for seconds. What
 * is created meanwhile comes last, and stays.
 *
 * Context: process, without kturn_net.lock.
 */
void kturn_flush(struct kturn_net *kn)
{
	struct kturn_allocation *allocation;
	unsigned long id = 0;
	u32 left;

	mutex_lock(&kn->lock);
	left = kn->n_allocations;
	while (left) {
		allocation = xa_find(&kn->allocations, &id, ULONG_MAX,
				     XA_PRESENT);
		if (!allocation)
			break;
		kturn_allocation_del(kn, allocation, KTURN_DEL_REASON_FLUSHED);
		if (--left % KTURN_FLUSH_BATCH)
			continue;
		mutex_unlock(&kn->lock);
		cond_resched();
		mutex_lock(&kn->lock);
	}
	mutex_unlock(&kn->lock);
}
