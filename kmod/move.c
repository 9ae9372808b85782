// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client that moves (RFC 8016): its allocation goes on with another client
 * and server transport address, perhaps of the other address family.
 *
 * Packets may be anywhere in a channel at any time, so none of what they read
 * is changed: each channel is replaced by another one with the same peer. What
 * is for the client goes to the new 5-tuple from then on. The old channel stays
 * as the new one's former, found by what the client still sends the old way,
 * until it has been heard on the new one.
 *
 * RFC 8016 section 3.2.2 would go on sending to the old 5-tuple until then. A
 * client that listens on its new address and has nothing to send would lose
 * all that; a client that listens on both loses nothing either way.
 */
#include <linux/netlink.h>
#include <linux/slab.h>

#include "objects.h"
#include "tables.h"

/**
 * struct kturn_moved - a 5-tuple that a client has moved to
 * @client: the 5-tuple
 * @unheard: in kturn_net.unheard, while there is a former one
 * @rcu: for freeing
 */
struct kturn_moved {
	struct kturn_client client;
	struct list_head unheard;
	struct rcu_head rcu;
};

static struct kturn_moved *moved_of(struct kturn_client *client)
{
	return container_of(client, struct kturn_moved, client);
}

void kturn_client_release(struct kturn_net *kn, struct kturn_client *client)
{
	kturn_client_remove(kn, client);
	kturn_port_put(kn, client->tuple.server.port, KTURN_PORT_SERVER);
	if (client != &client->allocation->first)
		kfree_rcu(moved_of(client), rcu);
}

/* the end of a move */

static void path_inherit(struct kturn_path *path, const struct kturn_path *from)
{
	atomic64_add(atomic64_read(&from->packets), &path->packets);
	atomic64_add(atomic64_read(&from->bytes), &path->bytes);
}

void kturn_channel_move_end(struct kturn_net *kn, struct kturn_channel *channel)
{
	struct kturn_channel *former = channel->former;

	if (!former)
		return;
	channel->former = NULL;
	kturn_flow_remove(kn, &former->flow[KTURN_TO_PEER],
			  former->client_family);
	path_inherit(&channel->to_peer, &former->to_peer);
	path_inherit(&channel->to_client, &former->to_client);
	kturn_channel_put(former);
}

/**
 * kturn_move_end() - know a client's former 5-tuple no longer
 * @kn: namespace
 * @allocation: its allocation; without a former 5-tuple nothing happens
 *
 * Context: kturn_net.lock.
 */
void kturn_move_end(struct kturn_net *kn, struct kturn_allocation *allocation)
{
	struct kturn_client *former = allocation->former;
	struct rb_node *node;

	if (!former)
		return;
	/* The 5-tuple first: without it nothing is an unbound channel's. */
	kturn_client_release(kn, former);
	for (node = rb_first(&allocation->channels); node; node = rb_next(node)) {
		kturn_channel_move_end(kn, rb_entry(node, struct kturn_channel,
						    tree));
		cond_resched();
	}
	list_del(&moved_of(allocation->client)->unheard);
	WRITE_ONCE(allocation->former, NULL);
}

/* Packets on the new 5-tuple are those that its channels count themselves. */
static bool is_heard(const struct kturn_allocation *allocation)
{
	struct rb_node *node;

	for (node = rb_first(&allocation->channels); node; node = rb_next(node)) {
		const struct kturn_channel *channel =
			rb_entry(node, struct kturn_channel, tree);

		if (atomic64_read(&channel->to_peer.packets))
			return true;
	}
	return false;
}

/**
 * kturn_move_sweep() - end the moves of clients that have been heard
 * @kn: namespace
 *
 * Context: kturn_net.lock.
 */
void kturn_move_sweep(struct kturn_net *kn)
{
	struct kturn_moved *moved, *next;

	list_for_each_entry_safe(moved, next, &kn->unheard, unheard) {
		if (is_heard(moved->client.allocation))
			kturn_move_end(kn, moved->client.allocation);
		cond_resched();
	}
}

/* the move */

/*
 * The same channel for a client of another 5-tuple, with everything that a
 * packet asks of it. The label of the flow to the peer stays as well.
 */
static struct kturn_channel *channel_copy(struct kturn_channel *old,
					  const struct kturn_five_tuple *tuple)
{
	struct kturn_channel *twin = rcu_dereference_protected(old->twin, true);
	struct kturn_channel *channel;
	enum kturn_dir dir;

	channel = kmem_cache_zalloc(kturn_channel_cache, GFP_KERNEL);
	if (!channel)
		return NULL;
	channel->allocation = old->allocation;
	channel->number = old->number;
	channel->peer = old->peer;
	channel->due.expires = old->due.expires;
	kturn_channel_set_flows(channel, tuple);
	channel->flow[KTURN_TO_PEER].hash = old->flow[KTURN_TO_PEER].hash;
	for (dir = 0; dir < KTURN_DIRS; dir++)
		channel->flow[dir].until = old->flow[dir].until;
	/* It is its own where a client's peer is the client itself. */
	kturn_channel_set_twin(channel, twin == old ? channel : twin);
	channel->former = old;
	return channel;
}

/* The copies go again; packets may have found them. */
static void copies_drop(struct kturn_net *kn, struct hlist_head *copies)
{
	struct kturn_channel *channel;
	struct hlist_node *next;

	hlist_for_each_entry_safe(channel, next, copies, fellows) {
		hlist_del(&channel->fellows);
		kturn_flow_remove(kn, &channel->flow[KTURN_TO_PEER],
				  channel->client_family);
		kturn_channel_put(channel);
	}
}

/* From here on, what the client sends from its new 5-tuple is forwarded. */
static int copies_make(struct kturn_net *kn,
		       struct kturn_allocation *allocation,
		       const struct kturn_five_tuple *tuple,
		       struct hlist_head *copies)
{
	struct rb_node *node;

	for (node = rb_first(&allocation->channels); node; node = rb_next(node)) {
		struct kturn_channel *channel;
		int err;

		channel = channel_copy(rb_entry(node, struct kturn_channel,
						tree), tuple);
		err = channel ? kturn_flow_insert(kn, &channel->flow[KTURN_TO_PEER],
						  channel->client_family) :
				-ENOMEM;
		if (err) {
			if (channel)
				kturn_channel_put(channel);
			copies_drop(kn, copies);
			return err;
		}
		hlist_add_head(&channel->fellows, copies);
		cond_resched();
	}
	return 0;
}

/* And from here on, what comes from the peer goes to the new 5-tuple. */
static void channel_succeed(struct kturn_net *kn, struct kturn_channel *channel)
{
	struct kturn_channel *old = channel->former;
	struct kturn_channel *twin =
		rcu_dereference_protected(channel->twin, true);

	kturn_flow_replace(kn, &old->flow[KTURN_TO_CLIENT],
			   &channel->flow[KTURN_TO_CLIENT], channel->peer.family);
	if (twin)
		kturn_channel_set_twin(twin, channel);
	rb_replace_node(&old->tree, &channel->tree,
			&channel->allocation->channels);
	kturn_wheel_del(&old->due);
	kturn_wheel_add(&kn->wheel, &channel->due, KTURN_DUE_CHANNEL,
			old->due.expires);
	channel->permission = old->permission;
	if (channel->permission) {
		hlist_del(&old->fellows);
		hlist_add_head(&channel->fellows, &channel->permission->channels);
	}
	kturn_channel_update_until(channel);
}

static int move(struct kturn_net *kn, struct kturn_moved *moved)
{
	struct kturn_allocation *allocation = moved->client.allocation;
	struct kturn_five_tuple *tuple = &moved->client.tuple;
	struct kturn_client *old = allocation->client;
	struct kturn_channel *channel;
	HLIST_HEAD(copies);
	struct hlist_node *next;
	int err;

	err = kturn_port_get(kn, tuple->server.port, KTURN_PORT_SERVER);
	if (err)
		return err;
	err = copies_make(kn, allocation, tuple, &copies);
	if (err)
		goto err_port;
	/* Who finds the new 5-tuple is to know that its channels are new. */
	WRITE_ONCE(allocation->former, old);
	err = kturn_client_insert(kn, &moved->client);
	if (err)
		goto err_copies;

	hlist_for_each_entry_safe(channel, next, &copies, fellows) {
		hlist_del(&channel->fellows);
		channel_succeed(kn, channel);
		cond_resched();
	}
	allocation->client = &moved->client;
	list_add(&moved->unheard, &kn->unheard);
	kn->generation++;
	return 0;

err_copies:
	WRITE_ONCE(allocation->former, NULL);
	copies_drop(kn, &copies);
err_port:
	kturn_port_put(kn, tuple->server.port, KTURN_PORT_SERVER);
	return err;
}

/**
 * kturn_allocation_move() - go on with a client at another 5-tuple
 * @kn: namespace
 * @allocation: the allocation
 * @tuple: client's and server's transport address, of one family; if it is
 *	what the allocation has, the former one is forgotten
 * @extack: for a refusal
 *
 * Of several moves in a row only the last 5-tuple but one is remembered.
 *
 * Context: kturn_net.lock.
 * Return: 0, or nothing has changed: -EEXIST, -ENOMEM
 */
int kturn_allocation_move(struct kturn_net *kn,
			  struct kturn_allocation *allocation,
			  const struct kturn_five_tuple *tuple,
			  struct netlink_ext_ack *extack)
{
	struct kturn_moved *moved;
	int err;

	if (kturn_allocation_has(allocation, tuple)) {
		kturn_move_end(kn, allocation);
		return 0;
	}
	kturn_client_make_way(kn, tuple);
	if (kturn_allocation_by_client(kn, tuple)) {
		NL_SET_ERR_MSG(extack, "5-tuple has an allocation already");
		return -EEXIST;
	}
	moved = kzalloc(sizeof(*moved), GFP_KERNEL);
	if (!moved)
		return -ENOMEM;
	moved->client.tuple = *tuple;
	moved->client.allocation = allocation;
	kturn_move_end(kn, allocation);
	err = move(kn, moved);
	if (err) {
		NL_SET_ERR_MSG(extack, "No room in the table of channels");
		kfree_rcu(moved, rcu);
	}
	return err;
}
