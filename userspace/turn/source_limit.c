// SPDX-License-Identifier: BSD-3-Clause
#include "turn/source_limit.h"

bool turn_source_permits(struct turn_shared *shared,
			 const struct transport_addr *source, uint32_t rate,
			 uint64_t now)
{
	struct transport_addr key = *source;
	uint64_t hash;

	if (!rate)
		return true;
	key.port = 0;
	memset(key.ip + 8, 0, sizeof(key.ip) - 8);
	hash = siphash(&shared->hash_key, &key, sizeof(key));
	return turn_bucket_take(&shared->sources[hash % TURN_SOURCES], rate, 1,
				now);
}
