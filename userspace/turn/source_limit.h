/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A limit for each source address on what is sent to those who have not shown
 * a key, and perhaps are not where they say they are.
 */
#ifndef KTURN_TURN_SOURCE_LIMIT_H
#define KTURN_TURN_SOURCE_LIMIT_H

#include "turn/shared.h"

/**
 * turn_source_permits() - may this source get an answer now?
 * @shared: shared state; any thread may ask
 * @source: the source; of IPv6 addresses the first 64 bits count, which is
 *	what one customer has at least
 * @rate: answers per second; 0: any number
 * @now: milliseconds
 *
 * Takes no memory for a source: those whose hashes agree share a limit.
 */
bool turn_source_permits(struct turn_shared *shared,
			 const struct transport_addr *source, uint32_t rate,
			 uint64_t now);

#endif /* KTURN_TURN_SOURCE_LIMIT_H */
