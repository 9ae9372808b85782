// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "turn/tcp_ids.h"

struct tcp_id {
	struct turn_table_node node;
	uint32_t id;
	void *owner;
	const char *realm;
	struct stun_bytes username;
	char names[];	/* user name and realm, zero-terminated */
};

static uint64_t id_hash(const struct turn_shared *shared, uint32_t id)
{
	return siphash(&shared->hash_key, &id, sizeof(id));
}

static struct tcp_id *find(const struct turn_shared *shared, uint32_t id)
{
	struct turn_table_node *n;

	for (n = turn_table_first(&shared->tcp_ids, id_hash(shared, id)); n;
	     n = turn_table_next(n)) {
		struct tcp_id *entry = container_of(n, struct tcp_id, node);

		if (entry->id == id)
			return entry;
	}
	return NULL;
}

static struct tcp_id *entry_new(const struct turn_allocation *a)
{
	size_t realm_len = strlen(a->realm);
	struct tcp_id *entry;

	entry = malloc(sizeof(*entry) + a->username_len + realm_len + 2);
	if (!entry)
		return NULL;
	memcpy(entry->names, a->username, a->username_len + 1);
	memcpy(entry->names + a->username_len + 1, a->realm, realm_len + 1);
	entry->username = (struct stun_bytes){
		(const uint8_t *)entry->names, a->username_len,
	};
	entry->realm = entry->names + a->username_len + 1;
	entry->owner = a->srv->env;
	return entry;
}

int turn_tcp_id_new(struct turn_allocation *a, uint32_t *id)
{
	struct turn_server *srv = a->srv;
	struct turn_shared *shared = srv->shared;
	struct tcp_id *entry = entry_new(a);

	if (!entry)
		return -ENOMEM;
	pthread_mutex_lock(&shared->lock);
	/* Of four milliards few are taken, so this ends soon. */
	do {
		srv->ops->random(srv->env, &entry->id, sizeof(entry->id));
	} while (find(shared, entry->id));
	*id = entry->id;
	turn_table_insert(&shared->tcp_ids, &entry->node,
			  id_hash(shared, entry->id));
	pthread_mutex_unlock(&shared->lock);
	return 0;
}

int turn_tcp_id_claim(struct turn_shared *shared, uint32_t id,
		      struct stun_bytes username, const char *realm,
		      void **owner)
{
	struct tcp_id *entry;

	pthread_mutex_lock(&shared->lock);
	entry = find(shared, id);
	if (entry && turn_bytes_equal(entry->username, username) &&
	    strcmp(entry->realm, realm) == 0)
		turn_table_remove(&shared->tcp_ids, &entry->node);
	else
		entry = NULL;
	pthread_mutex_unlock(&shared->lock);
	if (!entry)
		return -ENOENT;
	*owner = entry->owner;
	free(entry);
	return 0;
}

bool turn_tcp_id_forget(struct turn_shared *shared, uint32_t id)
{
	struct tcp_id *entry;

	pthread_mutex_lock(&shared->lock);
	entry = find(shared, id);
	if (entry)
		turn_table_remove(&shared->tcp_ids, &entry->node);
	pthread_mutex_unlock(&shared->lock);
	free(entry);
	return entry != NULL;
}
