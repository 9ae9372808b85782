// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations, permissions and channels: tables and lifetimes.
 */
#include <linux/jhash.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/dst.h>

#include "netlink.h"
#include "rewrite.h"
#include "state.h"

/* Objects that one sweep takes before it lets others have the lock. */
#define KTURN_SWEEP_BATCH	1024

/* What one user may have: an allocation, a permission, a channel, a blob. */
static_assert(sizeof(struct kturn_allocation) + KTURN_USERDATA_MAX +
	      sizeof(struct kturn_permission) +
	      sizeof(struct kturn_channel) <= 1024 - 64);
static_assert(sizeof(struct kturn_flow) == 64);
static_assert(offsetof(struct kturn_channel, to_peer) == 128);
static_assert(offsetof(struct kturn_channel, to_client) == 192);
/* Hash keys without padding. */
static_assert(sizeof(struct kturn_tuple4) == 16);
static_assert(sizeof(struct kturn_tuple6) == 40);
static_assert(sizeof(struct kturn_endpoint) == 20);
static_assert(sizeof(struct kturn_permission_key) == 24);
/* Deadlines and counters are single words. */
static_assert(sizeof(long) == 8);

static struct kmem_cache *allocation_cache;
static struct kmem_cache *permission_cache;
static struct kmem_cache *channel_cache;

/*
 * The number, which only ChannelData has, goes into the seed: the IPv4 tuple
 * is three words then, as cheap as a hash can be.
 */
static u32 tuple4_hash(const void *data, u32 len, u32 seed)
{
	const struct kturn_tuple4 *t = data;

	return jhash_3words((__force u32)t->saddr, (__force u32)t->daddr,
			    (__force u32)t->sport << 16 | (__force u32)t->dport,
			    seed ^ (__force u32)t->number);
}

static int tuple4_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const u64 *a = arg->key;
	const u64 *b = (const u64 *)&((const struct kturn_flow *)obj)->tuple4;

	return ((a[0] ^ b[0]) | (a[1] ^ b[1])) != 0;
}

static int tuple6_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const u64 *a = arg->key;
	const u64 *b = (const u64 *)&((const struct kturn_flow *)obj)->tuple6;

	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) |
		(a[3] ^ b[3]) | (a[4] ^ b[4])) != 0;
}

/* Tables begin small and grow: idle namespaces are to cost next to nothing. */
#define KTURN_TABLE(type, key, cmp, hash) {				\
	.nelem_hint = 4,						\
	.key_len = sizeof_field(type, key),				\
	.key_offset = offsetof(type, key),				\
	.head_offset = offsetof(type, node),				\
	.hashfn = hash,							\
	.obj_cmpfn = cmp,						\
	.automatic_shrinking = true,					\
}

static const struct rhashtable_params flow4_params =
	KTURN_TABLE(struct kturn_flow, tuple4, tuple4_differs, tuple4_hash);
static const struct rhashtable_params flow6_params =
	KTURN_TABLE(struct kturn_flow, tuple6, tuple6_differs, NULL);
static const struct rhashtable_params client_params =
	KTURN_TABLE(struct kturn_allocation, tuple, NULL, NULL);
static const struct rhashtable_params relayed_params =
	KTURN_TABLE(struct kturn_relayed, endpoint, NULL, NULL);
static const struct rhashtable_params permission_params =
	KTURN_TABLE(struct kturn_permission, key, NULL, NULL);

/**
 * kturn_flow4_find() - find the channel direction of an IPv4 datagram
 * @kn: namespace
 * @tuple: its addresses and, of ChannelData, the number
 *
 * Context: RCU read side.
 */
struct kturn_flow *kturn_flow4_find(struct kturn_net *kn,
				    const struct kturn_tuple4 *tuple)
{
	return rhashtable_lookup(&kn->flows4, tuple, flow4_params);
}

/**
 * kturn_flow6_find() - find the channel direction of an IPv6 datagram
 * @kn: namespace
 * @tuple: its addresses and, of ChannelData, the number
 *
 * Context: RCU read side.
 */
struct kturn_flow *kturn_flow6_find(struct kturn_net *kn,
				    const struct kturn_tuple6 *tuple)
{
	return rhashtable_lookup(&kn->flows6, tuple, flow6_params);
}

/**
 * kturn_allocation_by_client() - find the allocation of a 5-tuple
 * @kn: namespace
 * @tuple: client's and server's transport address
 *
 * Context: RCU read side or kturn_net.lock.
 */
struct kturn_allocation *
kturn_allocation_by_client(struct kturn_net *kn,
			   const struct kturn_five_tuple *tuple)
{
	return rhashtable_lookup_fast(&kn->clients, tuple, client_params);
}

/**
 * kturn_allocation_by_relayed() - find the owner of a relayed address
 * @kn: namespace
 * @relayed: relayed transport address
 *
 * Context: RCU read side or kturn_net.lock.
 */
struct kturn_allocation *
kturn_allocation_by_relayed(struct kturn_net *kn,
			    const struct kturn_endpoint *relayed)
{
	struct kturn_relayed *r;

	r = rhashtable_lookup_fast(&kn->relayed, relayed, relayed_params);
	if (!r)
		return NULL;
	return container_of(r, struct kturn_allocation, relayed[r->slot]);
}

static void permission_key(struct kturn_permission_key *key,
			   const struct kturn_allocation *allocation,
			   const struct kturn_endpoint *peer)
{
	key->allocation = allocation->id;
	key->family = peer->family;
	key->addr = peer->addr;
}

/**
 * kturn_permission_find() - find the permission for a peer
 * @kn: namespace
 * @allocation: whose
 * @peer: peer's address; the port does not matter
 *
 * Context: RCU read side or kturn_net.lock.
 */
struct kturn_permission *
kturn_permission_find(struct kturn_net *kn,
		      const struct kturn_allocation *allocation,
		      const struct kturn_endpoint *peer)
{
	struct kturn_permission_key key;

	permission_key(&key, allocation, peer);
	return rhashtable_lookup_fast(&kn->permissions, &key,
				      permission_params);
}

/* ports */

/**
 * kturn_state_ports() - see to it that the namespace has a map of ports
 * @kn: namespace
 *
 * Context: kturn_net.lock.
 * Return: 0 or -ENOMEM
 */
int kturn_state_ports(struct kturn_net *kn)
{
	u8 *ports;

	if (rcu_access_pointer(kn->ports))
		return 0;
	ports = kvzalloc(65536 / 4, GFP_KERNEL);
	if (!ports)
		return -ENOMEM;
	rcu_assign_pointer(kn->ports, ports);
	return 0;
}

static unsigned long port_index(__be16 port, enum kturn_port_kind kind)
{
	return ntohs(port) | (unsigned long)kind << 16;
}

static void port_mark(struct kturn_net *kn, __be16 port,
		      enum kturn_port_kind kind, bool used)
{
	u8 *ports = rcu_dereference_protected(kn->ports,
					      lockdep_is_held(&kn->lock));
	u16 p = ntohs(port);
	u8 bits = kind << ((p & 3) * 2);
	u8 *byte = &ports[p >> 2];

	WRITE_ONCE(*byte, used ? *byte | bits : *byte & ~bits);
}

static int port_get(struct kturn_net *kn, __be16 port,
		    enum kturn_port_kind kind)
{
	unsigned long index = port_index(port, kind);
	void *old = xa_load(&kn->port_users, index);
	unsigned long users = old ? xa_to_value(old) : 0;
	int err;

	err = xa_err(xa_store(&kn->port_users, index, xa_mk_value(users + 1),
			      GFP_KERNEL));
	if (err)
		return err;
	if (!users)
		port_mark(kn, port, kind, true);
	return 0;
}

static void port_put(struct kturn_net *kn, __be16 port,
		     enum kturn_port_kind kind)
{
	unsigned long index = port_index(port, kind);
	unsigned long users = xa_to_value(xa_load(&kn->port_users, index)) - 1;

	if (users) {
		/* Replaces a value by a value: needs no memory. */
		xa_store(&kn->port_users, index, xa_mk_value(users),
			 GFP_KERNEL);
		return;
	}
	port_mark(kn, port, kind, false);
	xa_erase(&kn->port_users, index);
}

/* deadlines */

static bool due_passed(const struct kturn_due *due)
{
	return time_after_eq(jiffies, due->expires);
}

static unsigned long earlier(unsigned long a, unsigned long b)
{
	return time_before(a, b) ? a : b;
}

/*
 * Packets look at one deadline only; it follows the three that make it. A
 * channel between two address families never forwards: the server does.
 */
static void channel_update_until(struct kturn_channel *channel)
{
	const struct kturn_allocation *allocation = channel->allocation;
	unsigned long until = jiffies;
	enum kturn_dir dir;

	if (channel->permission &&
	    channel->peer.family == allocation->tuple.client.family) {
		until = earlier(channel->due.expires,
				channel->permission->due.expires);
		until = earlier(until, allocation->due.expires);
	}
	for (dir = 0; dir < KTURN_DIRS; dir++)
		WRITE_ONCE(channel->flow[dir].until, until);
}

/* channels */

static void path_release(struct kturn_path *path)
{
	struct dst_entry *dst;

	dst = rcu_dereference_protected(xchg(&path->dst, NULL), true);
	dst_release(dst);
}

static void channel_free_rcu(struct rcu_head *rcu)
{
	struct kturn_channel *channel =
		container_of(rcu, struct kturn_channel, rcu);

	path_release(&channel->to_peer);
	path_release(&channel->to_client);
	kmem_cache_free(channel_cache, channel);
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
	flow->hash = get_random_u32();
}

static const struct kturn_endpoint *
allocation_relayed(const struct kturn_allocation *allocation, u16 family)
{
	int slot = family == AF_INET ? KTURN_IPV4 : KTURN_IPV6;

	return &allocation->relayed[slot].endpoint;
}

static int flow_insert(struct kturn_net *kn, struct kturn_flow *flow,
		       u16 family)
{
	if (family == AF_INET)
		return rhashtable_lookup_insert_fast(&kn->flows4, &flow->node,
						     flow4_params);
	return rhashtable_lookup_insert_fast(&kn->flows6, &flow->node,
					     flow6_params);
}

static void flow_remove(struct kturn_net *kn, struct kturn_flow *flow,
			u16 family)
{
	if (family == AF_INET)
		rhashtable_remove_fast(&kn->flows4, &flow->node, flow4_params);
	else
		rhashtable_remove_fast(&kn->flows6, &flow->node, flow6_params);
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
	struct kturn_flow want = {}, *flow;

	flow_set(&want, peer, allocation_relayed(allocation, peer->family), 0);
	if (peer->family == AF_INET)
		flow = rhashtable_lookup_fast(&kn->flows4, &want.tuple4,
					      flow4_params);
	else
		flow = rhashtable_lookup_fast(&kn->flows6, &want.tuple6,
					      flow6_params);
	if (!flow)
		return NULL;
	return container_of(flow, struct kturn_channel, flow[KTURN_TO_CLIENT]);
}

static void channel_set_permission(struct kturn_channel *channel,
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
	channel_update_until(channel);
}

static void channel_unlink(struct kturn_net *kn, struct kturn_channel *channel)
{
	struct kturn_allocation *allocation = channel->allocation;
	u16 family = allocation->tuple.client.family;
	enum kturn_dir dir;

	flow_remove(kn, &channel->flow[KTURN_TO_PEER], family);
	flow_remove(kn, &channel->flow[KTURN_TO_CLIENT], channel->peer.family);
	kturn_wheel_del(&channel->due);
	if (channel->permission)
		hlist_del(&channel->fellows);
	else
		allocation->n_orphans--;
	rb_erase(&channel->tree, &allocation->channels);
	allocation->n_channels--;
	kn->n_channels--;
	kn->generation++;
	for (dir = 0; dir < KTURN_DIRS; dir++) {
		struct kturn_path *path = kturn_path(channel, dir);

		allocation->flow[dir].packets += atomic64_read(&path->packets);
		allocation->flow[dir].bytes += atomic64_read(&path->bytes);
		/*
		 * Routes go now, not in the RCU callback: that may run after
		 * the namespace has gone. A packet under way may still put one
		 * back; while namespaces are dismantled there is none.
		 */
		path_release(path);
	}
	call_rcu(&channel->rcu, channel_free_rcu);
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
	channel_unlink(kn, channel);
}

static int channel_may_be_new(struct kturn_net *kn,
			      struct kturn_allocation *allocation, u16 number,
			      const struct kturn_endpoint *peer,
			      struct netlink_ext_ack *extack)
{
	struct kturn_channel *taken;

	taken = kturn_channel_find(allocation, number);
	if (taken && due_passed(&taken->due)) {
		kturn_channel_del(kn, taken, KTURN_DEL_REASON_EXPIRED);
		taken = NULL;
	}
	if (taken) {
		NL_SET_ERR_MSG(extack, "Channel number is bound already");
		return -EEXIST;
	}
	taken = kturn_channel_by_peer(kn, allocation, peer);
	if (taken && due_passed(&taken->due)) {
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

/* Both directions, ready for the packet path. */
static void channel_set_flows(struct kturn_channel *channel)
{
	const struct kturn_allocation *allocation = channel->allocation;
	const struct kturn_endpoint *relayed =
		allocation_relayed(allocation, channel->peer.family);
	__be16 number = htons(channel->number);

	flow_set(&channel->flow[KTURN_TO_PEER], &allocation->tuple.client,
		 &allocation->tuple.server, number);
	flow_set(&channel->flow[KTURN_TO_CLIENT], &channel->peer, relayed, 0);
	if (allocation->tuple.client.family == channel->peer.family)
		kturn_rewrite_prepare(channel->flow, channel->peer.family);
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
	u16 family = allocation->tuple.client.family;
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
	channel = kmem_cache_zalloc(channel_cache, GFP_KERNEL);
	if (!channel)
		return -ENOMEM;
	channel->allocation = allocation;
	channel->number = number;
	channel->peer = *peer;
	channel_set_flows(channel);
	kturn_wheel_add(&kn->wheel, &channel->due, KTURN_DUE_CHANNEL, expires);
	allocation->n_orphans++;
	channel_set_permission(channel, permission);

	err = flow_insert(kn, &channel->flow[KTURN_TO_CLIENT], peer->family);
	if (err)
		goto err_permission;
	err = flow_insert(kn, &channel->flow[KTURN_TO_PEER], family);
	if (err)
		goto err_flow;
	channel_tree_add(allocation, channel);
	allocation->n_channels++;
	kn->n_channels++;
	kn->generation++;
	return 0;

err_flow:
	flow_remove(kn, &channel->flow[KTURN_TO_CLIENT], peer->family);
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
	channel_update_until(channel);
}

/* permissions */

static int permission_order(const struct kturn_permission_key *a,
			    const struct kturn_permission_key *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

static void permission_tree_add(struct kturn_allocation *allocation,
				struct kturn_permission *permission)
{
	struct rb_node **at = &allocation->permissions.rb_node;
	struct rb_node *parent = NULL;

	while (*at) {
		struct kturn_permission *p;

		parent = *at;
		p = rb_entry(parent, struct kturn_permission, tree);
		at = permission_order(&permission->key, &p->key) < 0 ?
			     &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&permission->tree, parent, at);
	rb_insert_color(&permission->tree, &allocation->permissions);
}

/**
 * kturn_permission_after() - the next permission in the order of addresses
 * @allocation: whose
 * @key: after this one; family 0 for the first
 *
 * Context: kturn_net.lock.
 */
struct kturn_permission *
kturn_permission_after(const struct kturn_allocation *allocation,
		       const struct kturn_permission_key *key)
{
	struct rb_node *node = allocation->permissions.rb_node;
	struct kturn_permission *best = NULL;

	while (node) {
		struct kturn_permission *p;

		p = rb_entry(node, struct kturn_permission, tree);
		if (permission_order(&p->key, key) > 0) {
			best = p;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/* A permission that comes back revives the channels to its address. */
static void permission_adopt(struct kturn_allocation *allocation,
			     struct kturn_permission *permission)
{
	struct rb_node *node = rb_first(&allocation->channels);

	while (node && allocation->n_orphans) {
		struct kturn_channel *c;

		c = rb_entry(node, struct kturn_channel, tree);
		if (!c->permission &&
		    c->peer.family == permission->key.family &&
		    !memcmp(&c->peer.addr, &permission->key.addr,
			    sizeof(c->peer.addr)))
			channel_set_permission(c, permission);
		node = rb_next(node);
	}
}

/**
 * kturn_permission_new() - install a permission
 * @kn: namespace
 * @allocation: whose; relays the peer's family
 * @peer: peer's IP address, of which there is no permission yet
 * @expires: deadline in jiffies
 * @extack: for a refusal
 *
 * Context: kturn_net.lock.
 * Return: 0, -ENOSPC at the limit, -ENOMEM
 */
int kturn_permission_new(struct kturn_net *kn,
			 struct kturn_allocation *allocation,
			 const struct kturn_endpoint *peer,
			 unsigned long expires, struct netlink_ext_ack *extack)
{
	struct kturn_permission *permission;
	int err;

	if (kn->n_permissions >= kn->max_permissions) {
		NL_SET_ERR_MSG(extack,
			       "Limit on permissions reached, see max-permissions");
		return -ENOSPC;
	}
	permission = kmem_cache_zalloc(permission_cache, GFP_KERNEL);
	if (!permission)
		return -ENOMEM;
	permission_key(&permission->key, allocation, peer);
	permission->due.expires = expires;
	err = rhashtable_lookup_insert_fast(&kn->permissions,
					    &permission->node,
					    permission_params);
	if (err) {
		NL_SET_ERR_MSG(extack, "No room in the table of permissions");
		kmem_cache_free(permission_cache, permission);
		return err;
	}
	kturn_wheel_add(&kn->wheel, &permission->due, KTURN_DUE_PERMISSION,
			expires);
	permission_tree_add(allocation, permission);
	permission_adopt(allocation, permission);
	allocation->n_permissions++;
	kn->n_permissions++;
	kn->generation++;
	return 0;
}

/**
 * kturn_permission_refresh() - give a permission a new deadline
 * @kn: namespace
 * @permission: the permission
 * @expires: deadline in jiffies
 *
 * Context: kturn_net.lock.
 */
void kturn_permission_refresh(struct kturn_net *kn,
			      struct kturn_permission *permission,
			      unsigned long expires)
{
	struct kturn_channel *channel;

	kturn_wheel_move(&kn->wheel, &permission->due, expires);
	hlist_for_each_entry(channel, &permission->channels, fellows)
		channel_update_until(channel);
}

static void permission_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(permission_cache,
			container_of(rcu, struct kturn_permission, rcu));
}

static void permission_unlink(struct kturn_net *kn,
			      struct kturn_allocation *allocation,
			      struct kturn_permission *permission)
{
	struct kturn_channel *channel;
	struct hlist_node *next;

	rhashtable_remove_fast(&kn->permissions, &permission->node,
			       permission_params);
	kturn_wheel_del(&permission->due);
	hlist_for_each_entry_safe(channel, next, &permission->channels, fellows)
		channel_set_permission(channel, NULL);
	rb_erase(&permission->tree, &allocation->permissions);
	allocation->n_permissions--;
	kn->n_permissions--;
	kn->generation++;
	call_rcu(&permission->rcu, permission_free_rcu);
}

/**
 * kturn_permission_del() - take a permission back
 * @kn: namespace
 * @permission: the permission, freed after an RCU grace period
 * @reason: for the notification
 *
 * Context: kturn_net.lock.
 */
void kturn_permission_del(struct kturn_net *kn,
			  struct kturn_permission *permission,
			  enum kturn_del_reason reason)
{
	struct kturn_allocation *allocation =
		xa_load(&kn->allocations, permission->key.allocation);

	kturn_notify_permission(kn, permission, reason);
	permission_unlink(kn, allocation, permission);
}

/* allocations */

static void allocation_free_rcu(struct rcu_head *rcu)
{
	struct kturn_allocation *allocation =
		container_of(rcu, struct kturn_allocation, rcu);

	kfree(allocation->userdata);
	kmem_cache_free(allocation_cache, allocation);
}

/* Expired but not yet swept does not stand in the way of a new one. */
static void allocation_make_way(struct kturn_net *kn,
				struct kturn_allocation *allocation)
{
	if (allocation && due_passed(&allocation->due))
		kturn_allocation_del(kn, allocation, KTURN_DEL_REASON_EXPIRED);
}

static int relayed_insert(struct kturn_net *kn, struct kturn_relayed *relayed,
			  struct netlink_ext_ack *extack)
{
	int err;

	if (!relayed->endpoint.family)
		return 0;
	err = rhashtable_lookup_insert_fast(&kn->relayed, &relayed->node,
					    relayed_params);
	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "Relayed transport address is taken");
	if (err)
		return err;
	err = port_get(kn, relayed->endpoint.port, KTURN_PORT_RELAYED);
	if (err)
		rhashtable_remove_fast(&kn->relayed, &relayed->node,
				       relayed_params);
	return err;
}

static void relayed_remove(struct kturn_net *kn, struct kturn_relayed *relayed)
{
	if (!relayed->endpoint.family)
		return;
	port_put(kn, relayed->endpoint.port, KTURN_PORT_RELAYED);
	rhashtable_remove_fast(&kn->relayed, &relayed->node, relayed_params);
}

static int allocation_insert(struct kturn_net *kn,
			     struct kturn_allocation *allocation,
			     struct netlink_ext_ack *extack)
{
	int err;

	err = rhashtable_lookup_insert_fast(&kn->clients, &allocation->node,
					    client_params);
	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "5-tuple has an allocation already");
	if (err)
		return err;
	err = port_get(kn, allocation->tuple.server.port, KTURN_PORT_SERVER);
	if (err)
		goto err_client;
	err = relayed_insert(kn, &allocation->relayed[KTURN_IPV4], extack);
	if (err)
		goto err_server_port;
	err = relayed_insert(kn, &allocation->relayed[KTURN_IPV6], extack);
	if (err)
		goto err_ipv4;
	err = xa_alloc_cyclic(&kn->allocations, &allocation->id, allocation,
			      xa_limit_32b, &kn->next_id, GFP_KERNEL);
	if (err < 0)
		goto err_ipv6;
	return 0;

err_ipv6:
	relayed_remove(kn, &allocation->relayed[KTURN_IPV6]);
err_ipv4:
	relayed_remove(kn, &allocation->relayed[KTURN_IPV4]);
err_server_port:
	port_put(kn, allocation->tuple.server.port, KTURN_PORT_SERVER);
err_client:
	rhashtable_remove_fast(&kn->clients, &allocation->node, client_params);
	return err;
}

static struct kturn_allocation *
allocation_alloc(const struct kturn_five_tuple *tuple,
		 const struct kturn_endpoint relayed[KTURN_FAMILIES])
{
	struct kturn_allocation *allocation;
	int i;

	allocation = kmem_cache_zalloc(allocation_cache, GFP_KERNEL);
	if (!allocation)
		return NULL;
	allocation->tuple = *tuple;
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

	allocation_make_way(kn, kturn_allocation_by_client(kn, tuple));
	for (i = 0; i < KTURN_FAMILIES; i++)
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
		channel_update_until(rb_entry(node, struct kturn_channel, tree));
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
	for (node = rb_first(&allocation->channels); node;
	     node = rb_next(node)) {
		struct kturn_channel *c;
		enum kturn_dir dir;

		c = rb_entry(node, struct kturn_channel, tree);
		for (dir = 0; dir < KTURN_DIRS; dir++) {
			struct kturn_path *path = kturn_path(c, dir);

			stats[dir].packets += atomic64_read(&path->packets);
			stats[dir].bytes += atomic64_read(&path->bytes);
		}
	}
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
	rhashtable_remove_fast(&kn->clients, &allocation->node, client_params);
	relayed_remove(kn, &allocation->relayed[KTURN_IPV6]);
	relayed_remove(kn, &allocation->relayed[KTURN_IPV4]);
	port_put(kn, allocation->tuple.server.port, KTURN_PORT_SERVER);

	while ((node = rb_first(&allocation->channels)))
		channel_unlink(kn, rb_entry(node, struct kturn_channel, tree));
	while ((node = rb_first(&allocation->permissions)))
		permission_unlink(kn, allocation,
				  rb_entry(node, struct kturn_permission, tree));
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
 * Context: kturn_net.lock.
 */
void kturn_flush(struct kturn_net *kn)
{
	struct kturn_allocation *allocation;
	unsigned long id;

	xa_for_each(&kn->allocations, id, allocation) {
		kturn_allocation_del(kn, allocation, KTURN_DEL_REASON_FLUSHED);
		cond_resched();
	}
}

static void due_take(struct kturn_net *kn, struct kturn_due *due)
{
	const enum kturn_del_reason reason = KTURN_DEL_REASON_EXPIRED;

	switch (due->kind) {
	case KTURN_DUE_ALLOCATION:
		kturn_allocation_del(kn, container_of(due, struct kturn_allocation, due),
				     reason);
		break;
	case KTURN_DUE_PERMISSION:
		kturn_permission_del(kn, container_of(due, struct kturn_permission, due),
				     reason);
		break;
	case KTURN_DUE_CHANNEL:
		kturn_channel_del(kn, container_of(due, struct kturn_channel, due),
				  reason);
		break;
	}
}

/* Runs every second while the namespace has allocations. */
static void kturn_sweep(struct work_struct *work)
{
	struct kturn_net *kn =
		container_of(to_delayed_work(work), struct kturn_net, sweep);
	unsigned long delay = HZ;
	unsigned int budget = KTURN_SWEEP_BATCH;

	mutex_lock(&kn->lock);
	while (kn->n_allocations) {
		struct kturn_due *due = kturn_wheel_expired(&kn->wheel);

		if (!due)
			break;
		if (!budget--) {
			delay = 0;
			break;
		}
		due_take(kn, due);
	}
	if (kn->n_allocations)
		queue_delayed_work(system_power_efficient_wq, &kn->sweep, delay);
	mutex_unlock(&kn->lock);
}

/* set-up */

/**
 * kturn_state_init() - prepare the tables of a namespace
 * @kn: namespace, zeroed
 *
 * Return: 0 or -ENOMEM
 */
int kturn_state_init(struct kturn_net *kn)
{
	int err;

	mutex_init(&kn->lock);
	xa_init_flags(&kn->allocations, XA_FLAGS_ALLOC1);
	xa_init(&kn->port_users);
	INIT_DELAYED_WORK(&kn->sweep, kturn_sweep);
	kn->generation = 1;
	kn->max_allocations = 1 << 18;
	kn->max_permissions = 1 << 20;
	kn->max_channels = 1 << 20;

	err = rhashtable_init(&kn->flows4, &flow4_params);
	if (err)
		return err;
	err = rhashtable_init(&kn->flows6, &flow6_params);
	if (err)
		goto err_flows4;
	err = rhashtable_init(&kn->clients, &client_params);
	if (err)
		goto err_flows6;
	err = rhashtable_init(&kn->relayed, &relayed_params);
	if (err)
		goto err_clients;
	err = rhashtable_init(&kn->permissions, &permission_params);
	if (err)
		goto err_relayed;
	return 0;

err_relayed:
	rhashtable_destroy(&kn->relayed);
err_clients:
	rhashtable_destroy(&kn->clients);
err_flows6:
	rhashtable_destroy(&kn->flows6);
err_flows4:
	rhashtable_destroy(&kn->flows4);
	return err;
}

/**
 * kturn_state_exit() - take the tables of a namespace down
 * @kn: namespace; no packet and no request can reach it any more
 */
void kturn_state_exit(struct kturn_net *kn)
{
	mutex_lock(&kn->lock);
	kturn_flush(kn);
	mutex_unlock(&kn->lock);
	cancel_delayed_work_sync(&kn->sweep);
	rhashtable_destroy(&kn->permissions);
	rhashtable_destroy(&kn->relayed);
	rhashtable_destroy(&kn->clients);
	rhashtable_destroy(&kn->flows6);
	rhashtable_destroy(&kn->flows4);
	xa_destroy(&kn->port_users);
	xa_destroy(&kn->allocations);
	kvfree(rcu_dereference_protected(kn->ports, true));
}

int __init kturn_state_caches_init(void)
{
	allocation_cache = KMEM_CACHE(kturn_allocation, 0);
	if (!allocation_cache)
		return -ENOMEM;
	permission_cache = KMEM_CACHE(kturn_permission, 0);
	if (!permission_cache)
		goto err_allocation;
	channel_cache = KMEM_CACHE(kturn_channel, SLAB_HWCACHE_ALIGN);
	if (!channel_cache)
		goto err_permission;
	return 0;

err_permission:
	kmem_cache_destroy(permission_cache);
err_allocation:
	kmem_cache_destroy(allocation_cache);
	return -ENOMEM;
}

void kturn_state_caches_exit(void)
{
	kmem_cache_destroy(channel_cache);
	kmem_cache_destroy(permission_cache);
	kmem_cache_destroy(allocation_cache);
}
