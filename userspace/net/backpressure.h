/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client over a stream can be made to wait: while the socket towards its
 * peers is full its connection is not read, and TCP tells it to send no more.
 * Otherwise all that the way to the peers does not carry would be dropped, and
 * such a client, whose own way loses nothing, would never learn to send less.
 *
 * Clients over UDP are not made to wait: what cannot be sent is dropped.
 */
#ifndef KTURN_NET_BACKPRESSURE_H
#define KTURN_NET_BACKPRESSURE_H

struct relay_socket;
struct worker;

/**
 * backpressure_apply() - have the clients wait whose sockets are full
 * @worker: its queue has just been flushed
 */
void backpressure_apply(struct worker *worker);

/**
 * backpressure_release() - have the client wait no longer
 * @relay: there is room again, or it is about to leave its worker
 */
void backpressure_release(struct relay_socket *relay);

#endif /* KTURN_NET_BACKPRESSURE_H */
