// SPDX-License-Identifier: BSD-3-Clause
/*
 * Quotas: so many allocations for a user, a realm, an address, and for all. A
 * slot is taken before a relay socket is opened and given back wherever an
 * allocation ends, which is one place: turn_allocation_end().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "turn/request.h"
#include "turn/users.h"

#define KEY_MAX (1 + TURN_REALM_MAX + 1 + STUN_TEXT_MAX)

/**
 * struct turn_quota_holder - who holds slots
 * @node: in the table
 * @slots: how many; it goes with the last one
 * @key_len: length of @key
 * @key: kind and name
 */
struct turn_quota_holder {
	struct turn_table_node node;
	uint32_t slots;
	size_t key_len;
	uint8_t key[];
};

struct turn_quota_claim turn_quota_claim(const struct turn_request *req)
{
	const struct turn_config *cfg = req->srv->cfg;
	struct stun_bytes name = { 0 };

	/*
	 * Who comes by token has no name: what it says is that of a key which
	 * many have in common. But its session key is its own.
	 */
	if (req->token_left)
		name = (struct stun_bytes){ req->token_name,
					    sizeof(req->token_name) };
	else
		name = turn_user_quota_name(cfg, req->realm, req->username);
	return (struct turn_quota_claim){
		.cfg = cfg,
		.realm = req->realm,
		.name = name,
		.source = &req->tuple->client,
	};
}

static struct stun_bytes make_key(const struct turn_quota_claim *claim,
				  enum turn_quota_kind kind,
				  uint8_t key[static KEY_MAX])
{
	struct stun_writer w = stun_writer(key, KEY_MAX);
	const struct transport_addr *source = claim->source;

	stun_write_u8(&w, (uint8_t)kind);
	if (kind == TURN_QUOTA_SOURCE) {
		stun_write_bytes(&w, source->ip,
				 source->family == AF_INET ? 4 : 8);
	} else {
		stun_write_bytes(&w, claim->realm->name,
				 strlen(claim->realm->name) + 1);
		if (kind == TURN_QUOTA_USER)
			stun_write_bytes(&w, claim->name.data, claim->name.len);
	}
	return (struct stun_bytes){ key, w.len };
}

/* 0: no limit. */
static uint32_t limit(const struct turn_quota_claim *claim,
		      enum turn_quota_kind kind)
{
	switch (kind) {
	case TURN_QUOTA_USER:
		if (!claim->name.len)
			return 0;
		return claim->realm->user_quota ? claim->realm->user_quota :
						  claim->cfg->user_quota;
	case TURN_QUOTA_REALM:
		return claim->realm->total_quota;
	case TURN_QUOTA_SOURCE:
		return claim->cfg->source_quota;
	case TURN_QUOTA_KINDS:
		break;
	}
	return 0;
}

static struct turn_quota_holder *find_holder(struct turn_shared *shared,
					     struct stun_bytes key,
					     uint64_t hash)
{
	struct turn_table_node *n;

	for (n = turn_table_first(&shared->holders, hash); n;
	     n = turn_table_next(n)) {
		struct turn_quota_holder *h =
			container_of(n, struct turn_quota_holder, node);

		if (turn_bytes_equal((struct stun_bytes){ h->key, h->key_len },
				     key))
			return h;
	}
	return NULL;
}

static struct turn_quota_holder *add_holder(struct turn_shared *shared,
					    struct stun_bytes key,
					    uint64_t hash)
{
	struct turn_quota_holder *h = calloc(1, sizeof(*h) + key.len);

	if (!h)
		return NULL;
	h->key_len = key.len;
	memcpy(h->key, key.data, key.len);
	turn_table_insert(&shared->holders, &h->node, hash);
	return h;
}

static void release(struct turn_shared *shared, struct turn_quota_holder *h)
{
	if (--h->slots > 0)
		return;
	turn_table_remove(&shared->holders, &h->node);
	free(h);
}

static int take_of(struct turn_shared *shared,
		   const struct turn_quota_claim *claim,
		   enum turn_quota_kind kind, struct turn_quota *quota)
{
	uint8_t room[KEY_MAX];
	struct stun_bytes key = make_key(claim, kind, room);
	uint64_t hash = siphash(&shared->hash_key, key.data, key.len);
	struct turn_quota_holder *h = find_holder(shared, key, hash);
	uint32_t most = limit(claim, kind);

	if (h && most && h->slots >= most && !claim->anyway)
		return -EDQUOT;
	if (!h)
		h = add_holder(shared, key, hash);
	if (!h)
		return -ENOMEM;
	h->slots++;
	quota->holders[kind] = h;
	return 0;
}

static int take_locked(struct turn_shared *shared,
		       const struct turn_quota_claim *claim,
		       struct turn_quota *quota)
{
	struct turn_quota taken = { 0 };
	int err = 0, kind;

	if (claim->cfg->total_quota && !claim->anyway &&
	    shared->slots >= claim->cfg->total_quota)
		return -EDQUOT;
	for (kind = 0; kind < TURN_QUOTA_KINDS && !err; kind++)
		err = take_of(shared, claim, (enum turn_quota_kind)kind, &taken);
	if (err) {
		for (kind = 0; kind < TURN_QUOTA_KINDS; kind++)
			if (taken.holders[kind])
				release(shared, taken.holders[kind]);
		return err;
	}
	__atomic_store_n(&shared->slots, shared->slots + 1, __ATOMIC_RELAXED);
	*quota = taken;
	return 0;
}

int turn_quota_take(struct turn_shared *shared,
		    const struct turn_quota_claim *claim,
		    struct turn_quota *quota)
{
	int err;

	pthread_mutex_lock(&shared->lock);
	err = take_locked(shared, claim, quota);
	pthread_mutex_unlock(&shared->lock);
	return err;
}

void turn_quota_drop(struct turn_shared *shared, struct turn_quota *quota)
{
	struct turn_quota held = turn_quota_move(quota);
	int kind;

	if (!held.holders[TURN_QUOTA_USER])
		return;
	pthread_mutex_lock(&shared->lock);
	__atomic_store_n(&shared->slots, shared->slots - 1, __ATOMIC_RELAXED);
	for (kind = 0; kind < TURN_QUOTA_KINDS; kind++)
		release(shared, held.holders[kind]);
	pthread_mutex_unlock(&shared->lock);
}

/* The name in the key of a user, behind the kind and the realm. */
static struct stun_bytes user_name(const struct turn_quota_holder *h)
{
	size_t skip = 1 + strlen((const char *)h->key + 1) + 1;

	return (struct stun_bytes){ h->key + skip, h->key_len - skip };
}

static bool visit_chain(const struct turn_table_node *n, turn_user_fn *fn,
			void *arg)
{
	for (; n; n = n->next) {
		const struct turn_quota_holder *h =
			container_of(n, struct turn_quota_holder, node);
		struct stun_bytes name;

		if (h->key[0] != TURN_QUOTA_USER)
			continue;
		name = user_name(h);
		if (!fn(arg, (const char *)name.data, name.len, h->slots))
			return false;
	}
	return true;
}

void turn_shared_foreach_user(struct turn_shared *shared, turn_user_fn *fn,
			      void *arg)
{
	bool more = true;
	size_t i;

	pthread_mutex_lock(&shared->lock);
	for (i = 0; i <= shared->holders.mask && more; i++)
		more = visit_chain(shared->holders.buckets[i].first, fn, arg);
	pthread_mutex_unlock(&shared->lock);
}
