// SPDX-License-Identifier: BSD-3-Clause
#include "net/port_pool.h"

#include <stdatomic.h>
#include <stdlib.h>

#define WORD_BITS 64

/**
 * struct port_pool - a bit for each port
 * @range: the ports
 * @size: how many
 * @taken: bit n of the array stands for port @range.min + n
 */
struct port_pool {
	struct port_range range;
	uint32_t size;
	_Atomic uint64_t taken[];
};

struct port_pool *port_pool_new(struct port_range range)
{
	uint32_t size = (uint32_t)range.max - range.min + 1;
	size_t words = (size + WORD_BITS - 1) / WORD_BITS;
	struct port_pool *pool;

	pool = calloc(1, sizeof(*pool) + words * sizeof(pool->taken[0]));
	if (pool) {
		pool->range = range;
		pool->size = size;
	}
	return pool;
}

void port_pool_free(struct port_pool *pool)
{
	free(pool);
}

static bool claim(struct port_pool *pool, uint32_t offset)
{
	uint64_t bit = 1ULL << offset % WORD_BITS;

	return !(atomic_fetch_or(&pool->taken[offset / WORD_BITS], bit) & bit);
}

static void release(struct port_pool *pool, uint32_t offset)
{
	uint64_t bit = 1ULL << offset % WORD_BITS;

	atomic_fetch_and(&pool->taken[offset / WORD_BITS], ~bit);
}

static bool looks_free(const struct port_pool *pool, uint32_t offset)
{
	return !(atomic_load_explicit(&pool->taken[offset / WORD_BITS],
				      memory_order_relaxed) >>
		 offset % WORD_BITS & 1);
}

static bool claim_pair(struct port_pool *pool, uint32_t offset)
{
	if (offset + 1 >= pool->size || !claim(pool, offset))
		return false;
	if (claim(pool, offset + 1))
		return true;
	release(pool, offset);
	return false;
}

uint16_t port_pool_take(struct port_pool *pool, uint32_t start, bool even,
			bool pair)
{
	for (uint32_t i = 0; i < pool->size; i++) {
		uint32_t offset = (uint32_t)(((uint64_t)start + i) % pool->size);
		uint16_t port = (uint16_t)(pool->range.min + offset);

		if ((even && port & 1) || !looks_free(pool, offset))
			continue;
		if (pair ? claim_pair(pool, offset) : claim(pool, offset))
			return port;
	}
	return 0;
}

bool port_pool_claim(struct port_pool *pool, uint16_t port)
{
	return port >= pool->range.min && port <= pool->range.max &&
	       claim(pool, port_pool_offset(pool, port));
}

void port_pool_put(struct port_pool *pool, uint16_t port)
{
	release(pool, port_pool_offset(pool, port));
}

uint32_t port_pool_size(const struct port_pool *pool)
{
	return pool->size;
}

uint32_t port_pool_offset(const struct port_pool *pool, uint16_t port)
{
	return (uint32_t)(port - pool->range.min);
}
