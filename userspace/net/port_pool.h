/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ports of one relay address: which of them kturnd uses. Shared by all
 * workers, without a lock. Whether some other program holds a port, only bind()
 * can tell.
 */
#ifndef KTURN_NET_PORT_POOL_H
#define KTURN_NET_PORT_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct port_pool;

/**
 * struct port_range - ports from @min to @max, both included
 */
struct port_range {
	uint16_t min;
	uint16_t max;
};

/** port_pool_new() - all ports of @range are free; NULL without memory */
struct port_pool *port_pool_new(struct port_range range);

/** port_pool_free() - free it; NULL is fine */
void port_pool_free(struct port_pool *pool);

/**
 * port_pool_take() - claim a port
 * @pool: the ports
 * @start: where to begin looking, as an offset into the range; any number
 * @even: the port must be even
 * @pair: claim the next higher port too (EVEN-PORT with R bit)
 *
 * Return: the lowest free port at or behind @start, going round at the end of
 * the range; 0 if there is none.
 */
uint16_t port_pool_take(struct port_pool *pool, uint32_t start, bool even,
			bool pair);

/** port_pool_claim() - claim this port; false if it is taken, or none of these */
bool port_pool_claim(struct port_pool *pool, uint16_t port);

/** port_pool_put() - give a port back */
void port_pool_put(struct port_pool *pool, uint16_t port);

/** port_pool_size() - how many ports there are, free or not */
uint32_t port_pool_size(const struct port_pool *pool);

/** port_pool_offset() - the offset of a port in the range */
uint32_t port_pool_offset(const struct port_pool *pool, uint16_t port);

#endif /* KTURN_NET_PORT_POOL_H */
