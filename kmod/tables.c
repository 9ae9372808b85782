// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of a namespace: what packets are looked up in.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "flow.h"
#include "tables.h"

/* Hash keys without padding. */
static_assert(sizeof(struct kturn_tuple4) == sizeof(struct kturn_words4));
static_assert(sizeof(struct kturn_tuple6) == sizeof(struct kturn_words6));
static_assert(sizeof(struct kturn_endpoint) == 20);
static_assert(sizeof(struct kturn_permission_key) == 24);

u64 kturn_hash_keys[6] __ro_after_init;

/**
 * kturn_hash_init() - choose the keys of the hash, once, before any table
 */
void __init kturn_hash_init(void)
{
	get_random_bytes(kturn_hash_keys, sizeof(kturn_hash_keys));
}

static int tuple4_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct kturn_flow *flow = obj;

	return kturn_words4_differ(arg->key, &flow->tuple4);
}

static int tuple6_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct kturn_flow *flow = obj;

	return kturn_words6_differ(arg->key, &flow->tuple6);
}

/* Tables begin small and grow: idle namespaces are to cost next to nothing. */
#define KTURN_TABLE_HINT	4

static const struct rhashtable_params flow4_params = {
	.nelem_hint = KTURN_TABLE_HINT,
	.key_len = sizeof_field(struct kturn_flow, tuple4),
	.key_offset = offsetof(struct kturn_flow, tuple4),
	.head_offset = offsetof(struct kturn_flow, node),
	.hashfn = kturn_tuple4_hash,
	.obj_cmpfn = tuple4_differs,
	.automatic_shrinking = true,
};

static const struct rhashtable_params flow6_params = {
	.nelem_hint = KTURN_TABLE_HINT,
	.key_len = sizeof_field(struct kturn_flow, tuple6),
	.key_offset = offsetof(struct kturn_flow, tuple6),
	.head_offset = offsetof(struct kturn_flow, node),
	.hashfn = kturn_tuple6_hash,
	.obj_cmpfn = tuple6_differs,
	.automatic_shrinking = true,
};

struct kturn_flow *kturn_flow4_lookup(struct kturn_net *kn,
				      struct kturn_words4 words)
{
	return rhashtable_lookup(&kn->flows4, &words, flow4_params);
}

struct kturn_flow *kturn_flow6_lookup(struct kturn_net *kn,
				      struct kturn_words6 words)
{
	return rhashtable_lookup(&kn->flows6, &words, flow6_params);
}

/* The hash of flow.h for keys of any number of 32-bit words. */
static u32 kturn_key_hash(const void *data, u32 len, u32 seed)
{
	const u64 *k = kturn_hash_keys;
	u64 hash = seed, word;

	for (; len >= sizeof(word); len -= sizeof(word), data += sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		hash = kturn_hash_mix(hash ^ k[0] ^ word, k[1]);
	}
	if (len)
		hash = kturn_hash_mix(hash ^ k[2] ^ *(const u32 *)data, k[3]);
	return hash;
}

static const struct rhashtable_params client_params = {
	.nelem_hint = KTURN_TABLE_HINT,
	.key_len = sizeof_field(struct kturn_client, tuple),
	.key_offset = offsetof(struct kturn_client, tuple),
	.hashfn = kturn_key_hash,
	.head_offset = offsetof(struct kturn_client, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params relayed_params = {
	.nelem_hint = KTURN_TABLE_HINT,
	.key_len = sizeof_field(struct kturn_relayed, endpoint),
	.key_offset = offsetof(struct kturn_relayed, endpoint),
	.hashfn = kturn_key_hash,
	.head_offset = offsetof(struct kturn_relayed, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params permission_params = {
	.nelem_hint = KTURN_TABLE_HINT,
	.key_len = sizeof_field(struct kturn_permission, key),
	.key_offset = offsetof(struct kturn_permission, key),
	.hashfn = kturn_key_hash,
	.head_offset = offsetof(struct kturn_permission, node),
	.automatic_shrinking = true,
};

/**
 * kturn_allocation_by_client() - find the allocation of a 5-tuple
 * @kn: namespace
 * @tuple: client's and server's transport address
 *
 * Context: RCU read side or kturn_net.lock.
 * Return: the allocation, whose client may have moved away from the 5-tuple
 */
struct kturn_allocation *
kturn_allocation_by_client(struct kturn_net *kn,
			   const struct kturn_five_tuple *tuple)
{
	struct kturn_client *client;

	client = rhashtable_lookup_fast(&kn->clients, tuple, client_params);
	return client ? client->allocation : NULL;
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

/* The key of the permission for @peer. */
void kturn_permission_key(struct kturn_permission_key *key,
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

	kturn_permission_key(&key, allocation, peer);
	return rhashtable_lookup_fast(&kn->permissions, &key,
				      permission_params);
}

/* insertion and removal, under kturn_net.lock: 0, -EEXIST, -ENOMEM, -E2BIG */

int kturn_flow_insert(struct kturn_net *kn, struct kturn_flow *flow, u16 family)
{
	if (family == AF_INET)
		return rhashtable_lookup_insert_fast(&kn->flows4, &flow->node,
						     flow4_params);
	return rhashtable_lookup_insert_fast(&kn->flows6, &flow->node,
					     flow6_params);
}

void kturn_flow_remove(struct kturn_net *kn, struct kturn_flow *flow,
		       u16 family)
{
	if (family == AF_INET)
		rhashtable_remove_fast(&kn->flows4, &flow->node,
				       flow4_params);
	else
		rhashtable_remove_fast(&kn->flows6, &flow->node,
				       flow6_params);
}

/* One flow in the place of another that packets find by the same tuple. */
void kturn_flow_replace(struct kturn_net *kn, struct kturn_flow *flow,
			struct kturn_flow *by, u16 family)
{
	int err;

	if (family == AF_INET)
		err = rhashtable_replace_fast(&kn->flows4, &flow->node,
					      &by->node, flow4_params);
	else
		err = rhashtable_replace_fast(&kn->flows6, &flow->node,
					      &by->node, flow6_params);
	WARN_ON_ONCE(err);
}

int kturn_permission_insert(struct kturn_net *kn,
			    struct kturn_permission *permission)
{
	return rhashtable_lookup_insert_fast(&kn->permissions,
					     &permission->node,
					     permission_params);
}

void kturn_permission_remove(struct kturn_net *kn,
			     struct kturn_permission *permission)
{
	rhashtable_remove_fast(&kn->permissions, &permission->node,
			       permission_params);
}

int kturn_client_insert(struct kturn_net *kn, struct kturn_client *client)
{
	return rhashtable_lookup_insert_fast(&kn->clients, &client->node,
					     client_params);
}

void kturn_client_remove(struct kturn_net *kn, struct kturn_client *client)
{
	rhashtable_remove_fast(&kn->clients, &client->node, client_params);
}

int kturn_relayed_insert(struct kturn_net *kn, struct kturn_relayed *relayed)
{
	return rhashtable_lookup_insert_fast(&kn->relayed, &relayed->node,
					     relayed_params);
}

void kturn_relayed_remove(struct kturn_net *kn, struct kturn_relayed *relayed)
{
	rhashtable_remove_fast(&kn->relayed, &relayed->node, relayed_params);
}

/* ports, by their number in network byte order */

#define KTURN_PORTS	65536

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
	ports = kvzalloc(KTURN_PORTS, GFP_KERNEL);
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
	u8 *byte = &ports[(__force u16)port];

	WRITE_ONCE(*byte, used ? *byte | kind : *byte & ~kind);
}

/* One more user of a port. Return: 0 or -ENOMEM */
int kturn_port_get(struct kturn_net *kn, __be16 port,
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

/* One user of a port less. */
void kturn_port_put(struct kturn_net *kn, __be16 port,
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

/**
 * kturn_tables_init() - make the tables of a namespace
 * @kn: namespace
 *
 * Return: 0 or -ENOMEM
 */
int kturn_tables_init(struct kturn_net *kn)
{
	int err;

	xa_init_flags(&kn->allocations, XA_FLAGS_ALLOC1);
	xa_init(&kn->port_users);
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
 * kturn_tables_exit() - take down the tables of a namespace
 * @kn: namespace, empty
 */
void kturn_tables_exit(struct kturn_net *kn)
{
	rhashtable_destroy(&kn->permissions);
	rhashtable_destroy(&kn->relayed);
	rhashtable_destroy(&kn->clients);
	rhashtable_destroy(&kn->flows6);
	rhashtable_destroy(&kn->flows4);
	xa_destroy(&kn->port_users);
	xa_destroy(&kn->allocations);
	kvfree(rcu_dereference_protected(kn->ports, true));
}
