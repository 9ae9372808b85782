// SPDX-License-Identifier: BSD-3-Clause
/*
 * Ports reserved by EVEN-PORT with its R bit (RFC 8656, section 7.2). The
 * token comes back on another 5-tuple, so as a rule in another worker: hence
 * the table is shared, and a reserved socket belongs to nobody.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "turn/shared.h"

struct reservation {
	struct turn_table_node node;
	uint8_t token[STUN_RESERVATION_TOKEN_LEN];
	struct turn_relay relay;
	struct turn_quota quota;
};

int turn_reservation_put(struct turn_shared *shared,
			 const uint8_t token[static STUN_RESERVATION_TOKEN_LEN],
			 const struct turn_relay *relay,
			 struct turn_quota *quota)
{
	struct reservation *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	memcpy(r->token, token, sizeof(r->token));
	r->relay = *relay;
	r->quota = turn_quota_move(quota);
	pthread_mutex_lock(&shared->lock);
	turn_table_insert(&shared->reservations, &r->node,
			  siphash(&shared->hash_key, token, sizeof(r->token)));
	pthread_mutex_unlock(&shared->lock);
	return 0;
}

int turn_reservation_take(struct turn_shared *shared,
			  const uint8_t token[static STUN_RESERVATION_TOKEN_LEN],
			  struct turn_relay *relay)
{
	uint64_t hash = siphash(&shared->hash_key, token,
				STUN_RESERVATION_TOKEN_LEN);
	struct reservation *r = NULL;
	struct turn_table_node *n;

	pthread_mutex_lock(&shared->lock);
	for (n = turn_table_first(&shared->reservations, hash); n;
	     n = turn_table_next(n)) {
		r = container_of(n, struct reservation, node);
		if (CRYPTO_memcmp(r->token, token, sizeof(r->token)) == 0) {
			turn_table_remove(&shared->reservations, n);
			break;
		}
	}
	pthread_mutex_unlock(&shared->lock);
	if (!n)
		return -ENOENT;
	*relay = r->relay;
	turn_quota_drop(shared, &r->quota);
	free(r);
	return 0;
}
