/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peer data connections that wait for their ConnectionBind, by CONNECTION-ID.
 * That request comes by a connection of its own, so as a rule to another
 * worker: hence the table is shared. Any thread may call these functions.
 */
#ifndef KTURN_TURN_TCP_IDS_H
#define KTURN_TURN_TCP_IDS_H

#include "turn/server.h"

/**
 * turn_tcp_id_new() - make a connection's number known
 * @a: the allocation: its user may claim the connection
 * @id: filled: random, and nobody else's
 *
 * Return: 0 or -ENOMEM.
 */
int turn_tcp_id_new(struct turn_allocation *a, uint32_t *id);

/**
 * turn_tcp_id_claim() - a user claims a connection, which can be done once
 * @shared: shared state
 * @id: as received
 * @username: who claims it
 * @realm: where that is a user
 * @owner: filled: the @env of the server that has the connection
 *
 * Return: 0, or -ENOENT if no connection of that user waits by this number.
 */
int turn_tcp_id_claim(struct turn_shared *shared, uint32_t id,
		      struct stun_bytes username, const char *realm,
		      void **owner);

/**
 * turn_tcp_id_forget() - it waits no more
 *
 * Return: true if nobody had claimed it.
 */
bool turn_tcp_id_forget(struct turn_shared *shared, uint32_t id);

#endif /* KTURN_TURN_TCP_IDS_H */
