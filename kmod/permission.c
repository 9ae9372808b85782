// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permissions (RFC 8656 section 9).
 */
#include <linux/netlink.h>
#include <linux/slab.h>

#include "netlink.h"
#include "objects.h"
#include "tables.h"

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
			kturn_channel_set_permission(c, permission);
		node = rb_next(node);
	}
}

/**
 * kturn_permission_new() - install a permission
 * @kn: namespace
 * @allocation: whose; relays the peer's family
 * @peer: peer's IP address
 * @expires: deadline in jiffies
 * @extack: for a refusal
 *
 * Context: kturn_net.lock.
 * Return: 0, -EEXIST, -ENOSPC at the limit, -ENOMEM
 */
int kturn_permission_new(struct kturn_net *kn,
			 struct kturn_allocation *allocation,
			 const struct kturn_endpoint *peer,
			 unsigned long expires, struct netlink_ext_ack *extack)
{
	struct kturn_permission *permission;
	int err;

	permission = kturn_permission_find(kn, allocation, peer);
	if (permission && kturn_due_passed(&permission->due)) {
		kturn_permission_del(kn, permission, KTURN_DEL_REASON_EXPIRED);
		permission = NULL;
	}
	if (permission) {
		NL_SET_ERR_MSG(extack, "Peer has a permission already");
		return -EEXIST;
	}
	if (kn->n_permissions >= kn->max_permissions) {
		NL_SET_ERR_MSG(extack,
			       "Limit on permissions reached, see max-permissions");
		return -ENOSPC;
	}
	permission = kmem_cache_zalloc(kturn_permission_cache, GFP_KERNEL);
	if (!permission)
		return -ENOMEM;
	kturn_permission_key(&permission->key, allocation, peer);
	permission->due.expires = expires;
	err = kturn_permission_insert(kn, permission);
	if (err) {
		NL_SET_ERR_MSG(extack, "No room in the table of permissions");
		kmem_cache_free(kturn_permission_cache, permission);
		return err;
	}
	kturn_wheel_add(&kn->wheel, &permission->due, KTURN_DUE_PERMISSION,
			expires);
	permission_tree_add(allocation, permission);
	permission_adopt(allocation, permission);
	allocation->n_permissions++;
	WRITE_ONCE(allocation->had_permission, true);
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
		kturn_channel_update_until(channel);
}

static void permission_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(kturn_permission_cache,
			container_of(rcu, struct kturn_permission, rcu));
}

/**
 * kturn_permission_unlink() - take a permission back, silently
 * @kn: namespace
 * @permission: the permission, freed after an RCU grace period
 *
 * Context: kturn_net.lock.
 */
void kturn_permission_unlink(struct kturn_net *kn,
			     struct kturn_permission *permission)
{
	struct kturn_allocation *allocation =
		xa_load(&kn->allocations, permission->key.allocation);
	struct kturn_channel *channel;
	struct hlist_node *next;

	kturn_permission_remove(kn, permission);
	kturn_wheel_del(&permission->due);
	hlist_for_each_entry_safe(channel, next, &permission->channels, fellows)
		kturn_channel_set_permission(channel, NULL);
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
	kturn_notify_permission(kn, permission, reason);
	kturn_permission_unlink(kn, permission);
}
