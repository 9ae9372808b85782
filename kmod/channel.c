// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels (RFC 8656 section 12).
 */
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/dst.h>

#include "flow.h"
#include "netlink.h"
#include "objects.h"
#include "rewrite.h"
#include "tables.h"

static unsigned long earlier(unsigned long a, unsigned long b)
{
	return time_before(a, b) ? a : b;
}

/* Packets look at one deadline only; it follows the three that make it. */
void kturn_channel_update_until(struct kturn_channel *channel)
{
	const struct kturn_allocation *allocation = channel->allocation;
	unsigned long until = jiffies;
	enum kturn_dir dir;

	if (channel->permission) {
		until = earlier(channel->due.expires,
				channel->permission->due.expires);
		until = earlier(until, allocation->due.expires);
	}
	for (dir = 0; dir < KTURN_DIRS; dir++)
		WRITE_ONCE(channel->flow[dir].until, until);
	if (channel->former) {
		WRITE_ONCE(channel->former->due.expires, channel->due.expires);
		WRITE_ONCE(channel->former->flow[KTURN_TO_PEER].until, until);
	}
}

static void path_release(struct kturn_path *path)
{
	struct dst_entry *dst;

	dst = rcu_dereference_protected(xchg(&path->dst, NULL), true);
	dst_release(dst);
}

static void routes_release(struct kturn_channel *channel)
{
	path_release(&channel->to_peer);
	path_release(&channel->to_client);
}

static void channel_free_rcu(struct rcu_head *rcu)
{
	struct kturn_channel *channel =
		container_of(rcu, struct kturn_channel, rcu);

	routes_release(channel);
	kmem_cache_free(kturn_channel_cache, channel);
}

void kturn_channel_put(struct kturn_channel *channel)
{
	/*
	 * Routes go now, not in the RCU callback: that may run after the
	 * namespace has gone. A packet under way may still put one back; while
	 * namespaces are dismantled there is none.
	 */
	routes_release(channel);
	call_rcu(&channel->rcu, channel_free_rcu);
}

/**
 * kturn_channel_stats() - add what a channel has forwarded
 * @channel: the channel
 * @stats: by direction
 *
 * Context: kturn_net.lock.
 */
void kturn_channel_stats(struct kturn_channel *channel,
			 struct kturn_flow_stats stats[KTURN_DIRS])
{
	for (; channel; channel = channel->former) {
		enum kturn_dir dir;

		for (dir = 0; dir < KTURN_DIRS; dir++) {
			struct kturn_path *path = kturn_path(channel, dir);

			stats[dir].packets += atomic64_read(&path->packets);
			stats[dir].bytes += atomic64_read(&path->bytes);
		}
	}
}

static void flow_set(struct kturn_flow *flow, const struct kturn_endpoint *from,
		     const struct kturn_endpoint *to, __be16 number)
{
	if (from->family == AF_INET) {
		flow->tuple4.saddr = from->addr.ip;
		flow->tuple4.daddr = to->addr.ip;
		flow->tuple4.sport = from->port;
		flow->tuple4.dport = to->port;
		flow->tuple4.number = number;
	} else {
		flow->tuple6.saddr = from->addr.in6;
		flow->tuple6.daddr = to->addr.in6;
		flow->tuple6.sport = from->port;
		flow->tuple6.dport = to->port;
		flow->tuple6.number = number;
	}
}

static const struct kturn_endpoint *
allocation_relayed(const struct kturn_allocation *allocation, u16 family)
{
	int slot = family == AF_INET ? KTURN_IPV4 : KTURN_IPV6;

	return &allocation->relayed[slot].endpoint;
}

static void channel_tree_add(struct kturn_allocation *allocation,
			     struct kturn_channel *channel)
{
	struct rb_node **at = &allocation->channels.rb_node;
	struct rb_node *parent = NULL;

	while (*at) {
		struct kturn_channel *c;

		parent = *at;
		c = rb_entry(parent, struct kturn_channel, tree);
		at = channel->number < c->number ? &parent->rb_left :
						   &parent->rb_right;
	}
	rb_link_node(&channel->tree, parent, at);
	rb_insert_color(&channel->tree, &allocation->channels);
}

/**
 * kturn_channel_from() - the first channel in the order of numbers
 * @allocation: whose
 * @number: none below this
 *
 * Context: kturn_net.lock.
 */
struct kturn_channel *
kturn_channel_from(const struct kturn_allocation *allocation, u32 number)
{
	struct rb_node *node = allocation->channels.rb_node;
	struct kturn_channel *best = NULL;

	while (node) {
		struct kturn_channel *c;

		c = rb_entry(node, struct kturn_channel, tree);
		if (c->number >= number) {
			best = c;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/**
 * kturn_channel_find() - find a channel by its number
 * @allocation: whose
 * @number: its number
 *
 * Context: kturn_net.lock.
 */
struct kturn_channel *
kturn_channel_find(const struct kturn_allocation *allocation, u16 number)
{
	struct kturn_channel *channel = kturn_channel_from(allocation, number);

	return channel && channel->number == number ? channel : NULL;
}

/* The channel whose peer sends from @peer to @relayed. */
static struct kturn_channel *
channel_by_flow(struct kturn_net *kn, const struct kturn_endpoint *peer,
		const struct kturn_endpoint *relayed)
{
	struct kturn_flow want = {}, *flow;

	flow_set(&want, peer, relayed, 0);
	/* Nobody frees it under the lock; the tables want RCU all the same. */
	rcu_read_lock();
	if (peer->family == AF_INET)
		flow = kturn_flow4_find(kn, *(struct kturn_words4 *)&want.tuple4);
	else
		flow = kturn_flow6_find(kn, *(struct kturn_words6 *)&want.tuple6);
	rcu_read_unlock();
	if (!flow)
		return NULL;
	return container_of(flow, struct kturn_channel, flow[KTURN_TO_CLIENT]);
}

/**
 * kturn_channel_by_peer() - find a channel by its peer
 * @kn: namespace
 * @allocation: whose; relays the peer's family
 * @peer: peer's transport address
 *
 * Context: kturn_net.lock.
 */
struct kturn_channel *
kturn_channel_by_peer(struct kturn_net *kn,
		      const struct kturn_allocation *allocation,
		      const struct kturn_endpoint *peer)
{
	return channel_by_flow(kn, peer,
			       allocation_relayed(allocation, peer->family));
}

static bool between_families(const struct kturn_channel *channel)
{
	return channel->client_family != channel->peer.family;
}

/* Packets look at one flag only; it follows all that makes them special. */
void kturn_channel_update_special(struct kturn_channel *channel)
{
	const struct kturn_allocation *allocation = channel->allocation;
	bool special = between_families(channel) || allocation->policed ||
		       allocation->device[KTURN_TO_PEER] ||
		       allocation->device[KTURN_TO_CLIENT];
	bool paired = rcu_access_pointer(channel->twin);

	WRITE_ONCE(channel->to_peer.special, special || paired);
	WRITE_ONCE(channel->to_client.special, special);
	if (channel->former)
		kturn_channel_update_special(channel->former);
}

void kturn_channel_set_twin(struct kturn_channel *channel,
			    struct kturn_channel *twin)
{
	rcu_assign_pointer(channel->twin, twin);
	if (channel->former)
		rcu_assign_pointer(channel->former->twin, twin);
	kturn_channel_update_special(channel);
}

/* Where the peer is a client of this relay too, and has a channel back. */
static void channel_pair(struct kturn_net *kn, struct kturn_channel *channel)
{
	const struct kturn_endpoint *relayed =
		allocation_relayed(channel->allocation, channel->peer.family);
	struct kturn_channel *twin =
		channel_by_flow(kn, relayed, &channel->peer);

	kturn_channel_set_twin(channel, twin);
	if (twin)
		kturn_channel_set_twin(twin, channel);
}

static void channel_unpair(struct kturn_channel *channel)
{
	struct kturn_channel *twin =
		rcu_dereference_protected(channel->twin, true);

	if (!twin)
		return;
	kturn_channel_set_twin(twin, NULL);
	kturn_channel_set_twin(channel, NULL);
}

void kturn_channel_set_permission(struct kturn_channel *channel,
				  struct kturn_permission *permission)
{
	if (channel->permission)
		hlist_del(&channel->fellows);
	else
		channel->allocation->n_orphans--;
	channel->permission = permission;
	if (permission)
		hlist_add_head(&channel->fellows, &permission->channels);
	else
		channel->allocation->n_orphans++;
	kturn_channel_update_until(channel);
}

void kturn_channel_unlink(struct kturn_net *kn, struct kturn_channel *channel)
{
	struct kturn_allocation *allocation = channel->allocation;

	channel_unpair(channel);
	kturn_channel_move_end(kn, channel);
	kturn_flow_remove(kn, &channel->flow[KTURN_TO_PEER],
			  channel->client_family);
	kturn_flow_remove(kn, &channel->flow[KTURN_TO_CLIENT], channel->peer.family);
	kturn_wheel_del(&channel->due);
	if (channel->permission)
		hlist_del(&channel->fellows);
	else
		allocation->n_orphans--;
	rb_erase(&channel->tree, &allocation->channels);
	allocation->n_channels--;
	kn->n_channels--;
	kn->generation++;
	kturn_channel_stats(channel, allocation->flow);
	kturn_channel_put(channel);
}

/**
 * kturn_channel_del() - unbind a channel
 * @kn: namespace
 * @channel: the channel, freed after an RCU grace period
 * @reason: for the notification
 *
 * Context: kturn_net.lock.
 */
void kturn_channel_del(struct kturn_net *kn, struct kturn_channel *channel,
		       enum kturn_del_reason reason)
{
	kturn_notify_channel(kn, channel, reason);
	kturn_channel_unlink(kn, channel);
}

static int channel_may_be_new(struct kturn_net *kn,
			      struct kturn_allocation *allocation, u16 number,
			      const struct kturn_endpoint *peer,
			      struct netlink_ext_ack *extack)
{
	struct kturn_channel *taken;

	taken = kturn_channel_find(allocation, number);
	if (taken && kturn_due_passed(&taken->due)) {
		kturn_channel_del(kn, taken, KTURN_DEL_REASON_EXPIRED);
		taken = NULL;
	}
	if (taken) {
		NL_SET_ERR_MSG(extack, "Channel number is bound already");
		return -EEXIST;
	}
	taken = kturn_channel_by_peer(kn, allocation, peer);
	if (taken && kturn_due_passed(&taken->due)) {
		kturn_channel_del(kn, taken, KTURN_DEL_REASON_EXPIRED);
		taken = NULL;
	}
	if (taken) {
		NL_SET_ERR_MSG(extack,
			       "Peer is bound to another channel number");
		return -EEXIST;
	}
	if (kn->n_channels >= kn->max_channels) {
		NL_SET_ERR_MSG(extack,
			       "Limit on channels reached, see max-channels");
		return -ENOSPC;
	}
	return 0;
}

/* Both directions, ready for the packet path, for a client of this 5-tuple. */
void kturn_channel_set_flows(struct kturn_channel *channel,
			     const struct kturn_five_tuple *tuple)
{
	const struct kturn_endpoint *relayed =
		allocation_relayed(channel->allocation, channel->peer.family);
	__be16 number = htons(channel->number);

	channel->client_family = tuple->client.family;
	flow_set(&channel->flow[KTURN_TO_PEER], &tuple->client, &tuple->server,
		 number);
	flow_set(&channel->flow[KTURN_TO_CLIENT], &channel->peer, relayed, 0);
	channel->flow[KTURN_TO_PEER].hash = get_random_u32();
	channel->flow[KTURN_TO_CLIENT].hash = get_random_u32();
	kturn_rewrite_prepare(channel->flow, channel->client_family,
			      channel->peer.family);
}

/**
 * kturn_channel_new() - bind a channel
 * @kn: namespace
 * @allocation: whose; relays the peer's family
 * @number: channel number, in range
 * @peer: peer's transport address
 * @expires: deadline in jiffies
 * @extack: for a refusal
 *
 * Context: kturn_net.lock.
 * Return: 0, -EEXIST, -ENOENT without a permission, -ENOSPC at the limit,
 *	-ENOMEM
 */
int kturn_channel_new(struct kturn_net *kn, struct kturn_allocation *allocation,
		      u16 number, const struct kturn_endpoint *peer,
		      unsigned long expires, struct netlink_ext_ack *extack)
{
	struct kturn_permission *permission;
	struct kturn_channel *channel;
	int err;

	err = channel_may_be_new(kn, allocation, number, peer, extack);
	if (err)
		return err;
	permission = kturn_permission_find(kn, allocation, peer);
	if (!permission) {
		NL_SET_ERR_MSG(extack, "No permission for the peer's address");
		return -ENOENT;
	}
	channel = kmem_cache_zalloc(kturn_channel_cache, GFP_KERNEL);
	if (!channel)
		return -ENOMEM;
	channel->allocation = allocation;
	channel->number = number;
	channel->peer = *peer;
	kturn_channel_set_flows(channel, &allocation->client->tuple);
	kturn_channel_set_twin(channel, NULL);
	kturn_wheel_add(&kn->wheel, &channel->due, KTURN_DUE_CHANNEL, expires);
	allocation->n_orphans++;
	kturn_channel_set_permission(channel, permission);

	err = kturn_flow_insert(kn, &channel->flow[KTURN_TO_CLIENT], peer->family);
	if (err)
		goto err_permission;
	err = kturn_flow_insert(kn, &channel->flow[KTURN_TO_PEER],
				channel->client_family);
	if (err)
		goto err_flow;
	channel_pair(kn, channel);
	channel_tree_add(allocation, channel);
	allocation->n_channels++;
	WRITE_ONCE(allocation->had_channel, true);
	kn->n_channels++;
	kn->generation++;
	return 0;

err_flow:
	kturn_flow_remove(kn, &channel->flow[KTURN_TO_CLIENT], peer->family);
err_permission:
	hlist_del(&channel->fellows);
	kturn_wheel_del(&channel->due);
	call_rcu(&channel->rcu, channel_free_rcu);
	NL_SET_ERR_MSG(extack, "No room in the table of channels");
	return err;
}

/**
 * kturn_channel_refresh() - give a channel a new deadline
 * @kn: namespace
 * @channel: the channel
 * @expires: deadline in jiffies
 *
 * Context: kturn_net.lock.
 */
void kturn_channel_refresh(struct kturn_net *kn, struct kturn_channel *channel,
			   unsigned long expires)
{
	kturn_wheel_move(&kn->wheel, &channel->due, expires);
	kturn_channel_update_until(channel);
}
