/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handing sessions to the module and taking them back. An allocation in there
 * is complete, for the module drops what has no channel or permission; so when
 * a part cannot be installed, all of it comes out and is relayed in userspace.
 * Nothing here can fail towards the client.
 */
#ifndef KTURN_TURN_OFFLOAD_H
#define KTURN_TURN_OFFLOAD_H

#include "turn/server.h"

/* After a refusal the module is left alone for so long, in milliseconds. */
#define TURN_OFFLOAD_RETRY 30000

/* What was lost in the module is put back after so long. */
#define TURN_OFFLOAD_RESTORE 1000

/** turn_offload_fire() - the offload timer of an allocation */
void turn_offload_fire(struct turn_timer *timer, uint64_t now);

/**
 * turn_offload_begin() - install an allocation with all that it has
 *
 * Does nothing if it is there, the module is not, or the client does not come
 * over UDP.
 */
void turn_offload_begin(struct turn_allocation *a, uint64_t now);

/** turn_offload_refresh() - tell the module of a new end of the allocation */
void turn_offload_refresh(struct turn_allocation *a, uint64_t now);

/** turn_offload_move() - the same, and its client has moved to @a->tuple */
void turn_offload_move(struct turn_allocation *a, uint64_t now);

/** turn_offload_heard() - the client's former 5-tuple is forgotten */
void turn_offload_heard(struct turn_allocation *a);

/** turn_offload_adopt() - if it has an id in the module, find it by that */
void turn_offload_adopt(struct turn_allocation *a);

/** turn_offload_discard() - take one out of the module that no server has */
void turn_offload_discard(struct turn_allocation *a);

/**
 * turn_offload_permission() - tell the module of a permission
 * @p: installed or refreshed just now
 * @revived: it did not exist, or had expired: its channels are told again
 * @now: the time
 */
void turn_offload_permission(struct turn_permission *p, bool revived,
			     uint64_t now);

/** turn_offload_channel() - tell the module of a channel and its permission */
void turn_offload_channel(struct turn_channel *c, uint64_t now);

/** turn_offload_end() - take it out of the module, if it is in there */
void turn_offload_end(struct turn_allocation *a);

/**
 * turn_offload_redo() - the module is to know it otherwise than it does
 * @a: the allocation; if it is not in there nothing happens
 * @at_once: what is there may not go on for another moment
 *
 * Goes back in soon, as turn_offload_begin() would install it now.
 */
void turn_offload_redo(struct turn_allocation *a, bool at_once);

/** turn_offload_detach() - it leaves its server, and stays in the module */
void turn_offload_detach(struct turn_allocation *a);

/** turn_offload_forget() - it is not in the module any more */
void turn_offload_forget(struct turn_allocation *a);

#endif /* KTURN_TURN_OFFLOAD_H */
