/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections with peers on TCP allocations (RFC 6062): made to them, or
 * accepted from them. Nothing is read from one until the client has bound a
 * connection of its own to it: what the peer sends waits in the kernel.
 */
#ifndef KTURN_NET_PEER_CONNECTION_H
#define KTURN_NET_PEER_CONNECTION_H

#include "net/relay_socket.h"
#include "net/stream.h"

/**
 * peer_connection_begin() - connect to a peer
 * @worker: the worker
 * @relay: TCP relay, whose address the peer is to see
 * @peer: the peer
 * @connection: the core's; turn_server_peer_connected() follows
 * @handle: filled: for peer_connection_close()
 *
 * Return: 0 or a negative errno.
 */
int peer_connection_begin(struct worker *worker,
			  const struct relay_socket *relay,
			  const struct transport_addr *peer,
			  struct turn_connection *connection, void **handle);

/** peer_connection_accept() - take the peers that have connected to a relay */
void peer_connection_accept(struct relay_socket *relay);

/** peer_connection_close() - close it, and the client's that is bound to it */
void peer_connection_close(void *handle);

/**
 * peer_connection_move() - a client's connection becomes a data connection
 * @worker: worker that has it
 * @tuple: its 5-tuple; the request that made it so is being handled
 * @owner: worker that has the connection with the peer
 * @id: CONNECTION-ID of that
 */
void peer_connection_move(struct worker *worker,
			  const struct turn_5tuple *tuple,
			  struct worker *owner, uint32_t id);

#endif /* KTURN_NET_PEER_CONNECTION_H */
