/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocations that an earlier daemon has left in the module. They are made
 * again at start, relay sockets and all, and lie here, in no server, until
 * their client is heard; for only then is it known which worker the kernel
 * brings it to. Meanwhile the module goes on relaying for them.
 */
#ifndef KTURN_TURN_ORPHAN_H
#define KTURN_TURN_ORPHAN_H

#include "turn/server.h"

/**
 * turn_orphan_claim() - the client of one is heard
 * @srv: by this server, which has it from now on
 * @tuple: on this 5-tuple
 * @now: the time
 *
 * Return: the allocation, or NULL if there is none of this 5-tuple.
 */
struct turn_allocation *turn_orphan_claim(struct turn_server *srv,
					  const struct turn_5tuple *tuple,
					  uint64_t now);

/** turn_orphans_end() - end those that this server has made, in the module too */
void turn_orphans_end(struct turn_server *srv);

#endif /* KTURN_TURN_ORPHAN_H */
