/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections with peers on TCP allocations (RFC 6062). */
#ifndef KTURN_TURN_TCP_H
#define KTURN_TURN_TCP_H

#include "turn/request.h"

/** turn_is_stream() - does the client come by a connection? */
static inline bool turn_is_stream(const struct turn_5tuple *tuple)
{
	return tuple->transport == TURN_TCP || tuple->transport == TURN_TLS;
}

/**
 * turn_connections_end() - end connections with peers
 * @a: the allocation
 * @doomed: says which
 */
void turn_connections_end(struct turn_allocation *a,
			  bool (*doomed)(const struct turn_server *srv,
					 const struct transport_addr *peer));

#endif /* KTURN_TURN_TCP_H */
