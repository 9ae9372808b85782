/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the shell is told of an allocation, if it wants to know: that it began,
 * was refreshed, what it has carried meanwhile, that it ended. See
 * turn_ops.session.
 */
#ifndef KTURN_TURN_SESSION_H
#define KTURN_TURN_SESSION_H

#include "turn/server.h"

/**
 * struct turn_session - what is kept of an allocation for that
 * @timer: set to when traffic is to be told
 * @allocation: of this one
 * @id: for the shell; the same in whatever server the allocation is
 * @past: forwarded by the module, in what it does not hold any more
 * @present: forwarded by the module, in what it holds now, as last seen
 * @told: the sum of all flows, when it was last told
 */
struct turn_session {
	struct turn_timer timer;
	struct turn_allocation *allocation;
	uint64_t id;
	struct turn_flow past[TURN_DIRS];
	struct turn_flow present[TURN_DIRS];
	struct turn_flow told[TURN_DIRS];
};

/**
 * turn_session_begin() - an allocation has begun
 * @a: the allocation
 * @lifetime: seconds
 * @now: the time
 *
 * Without memory nothing is told of it, which is logged.
 */
void turn_session_begin(struct turn_allocation *a, uint32_t lifetime,
			uint64_t now);

/** turn_session_refresh() - it was refreshed, by so many seconds */
void turn_session_refresh(struct turn_allocation *a, uint32_t lifetime);

/** turn_session_look() - the module is about to forget it, flows and all */
void turn_session_look(struct turn_allocation *a);

/** turn_session_settle() - the module has forgotten it */
void turn_session_settle(struct turn_allocation *a);

/** turn_session_end() - it ends; after the module has forgotten it */
void turn_session_end(struct turn_allocation *a);

/** turn_session_attach() - it has come to a server, which has room for a timer */
void turn_session_attach(struct turn_allocation *a);

/** turn_session_detach() - it leaves its server */
void turn_session_detach(struct turn_allocation *a);

#endif /* KTURN_TURN_SESSION_H */
