/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many connections there may be, in all and from one source. Shared by all
 * workers; asked when a connection begins or ends, and when its client gets or
 * loses its allocation.
 *
 * Against the limit of its source a connection counts only while its client
 * has no allocation: many users behind one NAT are no attack, many connections
 * that never come to anything are.
 */
#ifndef KTURN_NET_CONNECTIONS_H
#define KTURN_NET_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "stun/addr.h"

struct connections;

/**
 * connections_new() - nobody is connected
 * @max: connections at a time; 0: any number
 * @max_idle_per_source: those without an allocation from one IPv4 address or
 *	one IPv6 prefix of 64 bits; 0: any number
 *
 * Return: NULL without memory or random numbers.
 */
struct connections *connections_new(uint32_t max,
				    uint32_t max_idle_per_source);

/** connections_free() - free it; NULL is fine */
void connections_free(struct connections *connections);

/**
 * connections_enter() - may this one connect?
 * @connections: all of them
 * @source: its transport address
 *
 * Return: 0, and it counts, without an allocation; -EUSERS if there are too
 * many; -EDQUOT if there are too many from there; -ENOMEM.
 */
int connections_enter(struct connections *connections,
		      const struct transport_addr *source);

/**
 * connections_serve() - its client has an allocation now, or has none any more
 * @connections: all of them
 * @source: its transport address
 * @served: it has one; it had none before, or the other way round
 *
 * One that has none any more may bring its source beyond the limit. Without
 * memory to count it, it goes on as if it had one.
 *
 * Return: what it counts as now.
 */
bool connections_serve(struct connections *connections,
		       const struct transport_addr *source, bool served);

/**
 * connections_leave() - it is gone
 * @connections: all of them
 * @source: its transport address
 * @served: as it counted last
 */
void connections_leave(struct connections *connections,
		       const struct transport_addr *source, bool served);

#endif /* KTURN_NET_CONNECTIONS_H */
