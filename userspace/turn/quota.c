// SPDX-License-Identifier: BSD-3-Clause
/*
 * Quotas: so many allocations for a user, so many for all. A slot is taken
 * before a relay socket is opened and given back wherever an allocation ends,
 * which is one place: turn_allocation_end().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "turn/shared.h"

struct turn_quota_user {
	struct turn_table_node node;
	uint32_t slots;
	size_t name_len;
	uint8_t name[];
};

static struct turn_quota_user *find_user(struct turn_shared *shared,
					 struct stun_bytes name, uint64_t hash)
{
	struct turn_table_node *n;

	for (n = turn_table_first(&shared->users, hash); n;
	     n = turn_table_next(n)) {
		struct turn_quota_user *u =
			container_of(n, struct turn_quota_user, node);

		if (turn_bytes_equal((struct stun_bytes){ u->name, u->name_len },
				     name))
			return u;
	}
	return NULL;
}

static struct turn_quota_user *add_user(struct turn_shared *shared,
					struct stun_bytes name, uint64_t hash)
{
	struct turn_quota_user *u = calloc(1, sizeof(*u) + name.len);

	if (!u)
		return NULL;
	u->name_len = name.len;
	if (name.len)
		memcpy(u->name, name.data, name.len);
	turn_table_insert(&shared->users, &u->node, hash);
	return u;
}

static int take_locked(struct turn_shared *shared,
		       const struct turn_config *cfg, struct stun_bytes name,
		       struct turn_quota *quota)
{
	uint64_t hash = siphash(&shared->hash_key, name.data, name.len);
	struct turn_quota_user *u;

	if (cfg->total_quota && shared->slots >= cfg->total_quota)
		return -EDQUOT;
	u = find_user(shared, name, hash);
	if (u && name.len && cfg->user_quota && u->slots >= cfg->user_quota)
		return -EDQUOT;
	if (!u)
		u = add_user(shared, name, hash);
	if (!u)
		return -ENOMEM;
	u->slots++;
	__atomic_store_n(&shared->slots, shared->slots + 1, __ATOMIC_RELAXED);
	quota->user = u;
	return 0;
}

int turn_quota_take(struct turn_shared *shared, const struct turn_config *cfg,
		    struct stun_bytes name, struct turn_quota *quota)
{
	int err;

	pthread_mutex_lock(&shared->lock);
	err = take_locked(shared, cfg, name, quota);
	pthread_mutex_unlock(&shared->lock);
	return err;
}

void turn_quota_drop(struct turn_shared *shared, struct turn_quota *quota)
{
	struct turn_quota_user *u = quota->user;

	if (!u)
		return;
	quota->user = NULL;
	pthread_mutex_lock(&shared->lock);
	__atomic_store_n(&shared->slots, shared->slots - 1, __ATOMIC_RELAXED);
	if (--u->slots == 0) {
		turn_table_remove(&shared->users, &u->node);
		free(u);
	}
	pthread_mutex_unlock(&shared->lock);
}

static bool visit_chain(const struct turn_table_node *n, turn_user_fn *fn,
			void *arg)
{
	for (; n; n = n->next) {
		const struct turn_quota_user *u =
			container_of(n, struct turn_quota_user, node);

		if (!fn(arg, (const char *)u->name, u->name_len, u->slots))
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
	for (i = 0; i <= shared->users.mask && more; i++)
		more = visit_chain(shared->users.buckets[i].first, fn, arg);
	pthread_mutex_unlock(&shared->lock);
}
