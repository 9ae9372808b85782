/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers that the filter refuses: what the operator is told. */
#ifndef KTURN_TURN_REFUSED_PEER_H
#define KTURN_TURN_REFUSED_PEER_H

#include "turn/server.h"

/**
 * turn_refused_peer() - note that a client asked for a peer it may not reach
 * @a: the client's allocation
 * @peer: the peer as the client named it, which the filter does not permit
 *
 * The first refusal by a range of the default list is a warning, once for all
 * workers: the operator may not know of that list, and has a way out. All
 * others are for those who debug.
 */
void turn_refused_peer(struct turn_allocation *a,
		       const struct transport_addr *peer);

#endif /* KTURN_TURN_REFUSED_PEER_H */
