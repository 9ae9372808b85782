// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "turn/shared.h"

struct turn_shared *
turn_shared_new(const uint8_t key[static TURN_SHARED_KEY_LEN])
{
	struct turn_shared *shared = calloc(1, sizeof(*shared));

	_Static_assert(TURN_SHARED_KEY_LEN == 2 * SIPHASH_KEY_LEN, "two keys");
	if (!shared)
		return NULL;
	memcpy(&shared->nonce_key, key, SIPHASH_KEY_LEN);
	memcpy(&shared->hash_key, key + SIPHASH_KEY_LEN, SIPHASH_KEY_LEN);
	if (turn_ticket_key_init(&shared->ticket_key, key,
				 TURN_SHARED_KEY_LEN) ||
	    turn_table_init(&shared->holders) ||
	    turn_table_init(&shared->reservations) ||
	    turn_table_init(&shared->tcp_ids) ||
	    turn_table_init(&shared->mobiles) ||
	    turn_table_init(&shared->orphans) ||
	    pthread_mutex_init(&shared->lock, NULL)) {
		turn_table_free(&shared->holders);
		turn_table_free(&shared->reservations);
		turn_table_free(&shared->tcp_ids);
		turn_table_free(&shared->mobiles);
		turn_table_free(&shared->orphans);
		turn_ticket_key_free(&shared->ticket_key);
		free(shared);
		return NULL;
	}
	return shared;
}

void turn_shared_free(struct turn_shared *shared)
{
	if (!shared)
		return;
	turn_table_free(&shared->holders);
	turn_table_free(&shared->reservations);
	turn_table_free(&shared->tcp_ids);
	turn_table_free(&shared->mobiles);
	turn_table_free(&shared->orphans);
	pthread_mutex_destroy(&shared->lock);
	turn_ticket_key_free(&shared->ticket_key);
	free(shared);
}

uint64_t turn_shared_allocations(const struct turn_shared *shared)
{
	return __atomic_load_n(&shared->slots, __ATOMIC_RELAXED);
}
