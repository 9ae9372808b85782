/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A second socket for a relayed transport address, connected to the peer that
 * most is relayed to. The kernel keeps the route of a connected socket, and
 * knows whose a datagram of its peer is before it looks for a route: some 2,000
 * instructions less for a datagram there and one back.
 *
 * It saves work and does nothing else. Both sockets have the same address, both
 * may get datagrams of any peer (of this one while it is not yet connected), and
 * are read alike; as long as there is no second socket the first does it all.
 */
#ifndef KTURN_NET_PEER_SOCKET_H
#define KTURN_NET_PEER_SOCKET_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/udp_socket.h"

struct relay_socket;

/**
 * struct peer_socket - the second socket
 * @sock: the socket, closed until it is worth its while
 * @readable: its event, while @sock is open
 * @peer: whom it is connected to
 * @other: another peer, whom the last @streak datagrams went to
 * @streak: how many in a row; beyond its range it begins anew
 */
struct peer_socket {
	struct udp_socket sock;
	struct event readable;
	struct transport_addr peer;
	struct transport_addr other;
	uint16_t streak;
};

/** peer_socket_init() - there is none yet */
void peer_socket_init(struct peer_socket *second);

/**
 * peer_socket_choose() - which socket a datagram to a peer leaves by
 * @relay: the relayed transport address, attached
 * @peer: the peer
 *
 * Opens the second socket, or connects it to another peer, when enough
 * datagrams in a row went there.
 */
struct udp_socket *peer_socket_choose(struct relay_socket *relay,
				      const struct transport_addr *peer);

/** peer_socket_detach() - leave the worker; nothing is queued for it */
void peer_socket_detach(struct relay_socket *relay);

/** peer_socket_attach() - join the relay's worker; 0 or -ENOMEM */
int peer_socket_attach(struct relay_socket *relay);

/** peer_socket_close() - close it, if it is open; nothing is queued for it */
void peer_socket_close(struct peer_socket *second);

#endif /* KTURN_NET_PEER_SOCKET_H */
