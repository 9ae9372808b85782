/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's parts, for the files of this folder that make it up. */
#ifndef KTURN_NET_WORKER_INTERNAL_H
#define KTURN_NET_WORKER_INTERNAL_H

#include <event2/event.h>
#include <pthread.h>

#include "net/dtls.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "net/receive.h"
#include "net/relay_socket.h"
#include "net/send.h"
#include "net/stream.h"
#include "net/tcp_listener.h"
#include "net/worker.h"

/**
 * struct worker - a thread and all it owns
 * @setup: what it has in common with the others
 * @number: from 0
 * @user: the owner's
 * @base: event loop
 * @timer: fires when anything here is due
 * @timer_due: what @timer is set to; TURN_NEVER if it is not
 * @mail: calls from other threads
 * @ops: how the protocol core acts
 * @server: the protocol core
 * @pool: buffers for receiving
 * @queue: what is to be sent
 * @tls: for new TLS and DTLS connections, or NULL
 * @listeners: where clients come in
 * @listener_count: how many
 * @tcp_listeners: where their connections come in
 * @tcp_listener_count: how many
 * @streams: their connections
 * @dtls: their associations
 * @asked_at: local address that the client asked whose datagram is being
 *	handled: preferred for its relay
 * @relay_turn: counts relay sockets, to take relay addresses in turn
 * @closed: relay sockets that were closed while their datagrams may still be
 *	in somebody's hands; freed at the end of the round
 * @thread: the thread, if @running
 * @running: the thread was started and not yet waited for
 * @stopping: leave the loop
 * @forget: when stopping: end sessions in the module too
 * @stopped: the loop has been left
 */
struct worker {
	const struct worker_setup *setup;
	unsigned int number;
	void *user;
	struct event_base *base;
	struct event *timer;
	uint64_t timer_due;
	struct mailbox *mail;
	struct turn_ops ops;
	struct turn_server *server;
	struct receive_pool *pool;
	struct send_queue *queue;
	struct tls_context *tls;
	struct listener **listeners;
	size_t listener_count;
	struct tcp_listener **tcp_listeners;
	size_t tcp_listener_count;
	struct streams streams;
	struct dtls dtls;
	const struct transport_addr *asked_at;
	unsigned int relay_turn;
	struct relay_socket *closed;
	pthread_t thread;
	bool running;
	bool stopping;
	bool forget;
	bool stopped;
};

/* The functions by which the protocol core acts: worker_ops.c. */
void worker_fill_ops(struct turn_ops *ops, const struct worker_setup *setup);

/* DTLS between its listeners and the protocol core: worker_dtls.c. */
int worker_init_dtls(struct worker *worker);

/**
 * worker_client_target() - how a datagram goes to a client
 * @worker: the worker
 * @tuple: the client's 5-tuple
 * @target: filled
 *
 * Return: false if nobody listens at its server address.
 */
bool worker_client_target(struct worker *worker,
			  const struct turn_5tuple *tuple,
			  struct send_target *target);

/**
 * worker_take_buffer() - a buffer of the worker's pool for what is no datagram
 * @worker: the worker; flushed first if its pool is empty
 *
 * Return: RECEIVE_BUFFER_SIZE bytes, until the next flush.
 */
uint8_t *worker_take_buffer(struct worker *worker);

/**
 * worker_receive() - read a burst from one of the worker's sockets
 * @worker: the worker
 * @sock: the socket
 * @first: filled: index of the first datagram in the worker's pool
 *
 * Return: number of datagrams.
 */
unsigned int worker_receive(struct worker *worker, struct udp_socket *sock,
			    unsigned int *first);

/**
 * worker_read_peers() - read a burst of peers' datagrams, or of errors about
 * what was sent to them, and handle it
 * @relay: relayed transport address that they came to
 * @sock: either of its sockets
 */
void worker_read_peers(struct relay_socket *relay, struct udp_socket *sock);

#endif /* KTURN_NET_WORKER_INTERNAL_H */
