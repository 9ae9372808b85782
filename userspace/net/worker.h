/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers: threads that share nothing. Each has its own event loop, its own
 * listening sockets (SO_REUSEPORT: a client's 5-tuple always comes to the same
 * worker), its own struct turn_server and its own relay sockets.
 */
#ifndef KTURN_NET_WORKER_H
#define KTURN_NET_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "net/dtls.h"
#include "net/log.h"
#include "net/relay_socket.h"
#include "net/send.h"
#include "net/stream.h"
#include "net/tls_context.h"
#include "turn/turn.h"

struct worker;

/**
 * struct worker_lookup - users and secrets that are not in the configuration
 * @user: see struct turn_ops, user_find; NULL where there are none
 * @secret: likewise, secret_find
 * @env: their first argument
 *
 * Called on the worker's thread, and may not block.
 */
struct worker_lookup {
	enum turn_lookup_result (*user)(void *env, struct worker *worker,
					struct turn_user_query *query);
	enum turn_lookup_result (*secret)(void *env, struct worker *worker,
					  struct turn_secret_query *query);
	void *env;
};

/**
 * struct worker_sessions - who wants to know of sessions
 * @told: gets news of one, with the client's TLS or DTLS where there is any and
 *	it begins or goes on; NULL: nobody wants them
 * @env: its first argument
 *
 * Called on the worker's thread, and may not block.
 */
struct worker_sessions {
	void (*told)(void *env, const struct turn_session_report *report,
		     const SSL *ssl);
	void *env;
};

/**
 * struct worker_setup - what all workers have in common
 * @shared: state that the servers share
 * @config: their configuration
 * @relays: relay addresses
 * @udp: for all sockets; @share_port is for listeners only, @device and
 *	@report_errors for those that relay
 * @listen_device: that of the listeners
 * @tls: what TLS and DTLS connections begin with, until worker_set_tls();
 *	NULL: there are none
 * @streams: limits of clients' connections
 * @fastpath: the module, or NULL; its functions are called on the worker's
 *	thread with the worker as @env
 * @lookup: who is asked for users
 * @sessions: who is told of sessions
 * @log: gets the workers' messages
 *
 * Must live longer than the workers, and must not change.
 */
struct worker_setup {
	struct turn_shared *shared;
	struct turn_config *config;
	struct relay_addresses relays;
	struct udp_options udp;
	const char *listen_device;
	struct tls_context *tls;
	struct stream_options streams;
	const struct turn_fastpath_ops *fastpath;
	struct worker_lookup lookup;
	struct worker_sessions sessions;
	struct net_log log;
};

/**
 * worker_new() - make a worker; it does not run yet
 * @setup: what it has in common with the others
 * @number: from 0
 * @user: for worker_user()
 *
 * Return: the worker, or NULL (errno tells).
 */
struct worker *worker_new(const struct worker_setup *setup,
			  unsigned int number, void *user);

/**
 * worker_listen() - take clients at an address
 * @worker: a worker that does not run yet
 * @addr: address and port; may be a wildcard
 * @ways: LISTEN_UDP, LISTEN_DTLS or both
 *
 * All workers must listen before the first one runs, for the kernel spreads
 * clients over the sockets that there are.
 *
 * Return: 0 or a negative errno.
 */
int worker_listen(struct worker *worker, const struct transport_addr *addr,
		  unsigned int ways);

/**
 * worker_set_tls() - begin TLS and DTLS connections with this from now on
 * @worker: the worker, which has had one from the start
 * @tls: the context; the worker takes its own reference
 *
 * From any thread. Connections that there are go on with what they have.
 *
 * Return: 0 or -ENOMEM.
 */
int worker_set_tls(struct worker *worker, struct tls_context *tls);

/**
 * worker_listen_tcp() - take clients' connections at an address
 * @worker: a worker that does not run yet
 * @addr: address and port; may be a wildcard
 * @ways: LISTEN_TCP, LISTEN_TLS or both
 *
 * As worker_listen().
 */
int worker_listen_tcp(struct worker *worker, const struct transport_addr *addr,
		      unsigned int ways);

/** worker_start() - start the thread; 0 or a negative errno */
int worker_start(struct worker *worker);

/**
 * worker_stop() - end the thread and wait for it
 * @worker: the worker; if it does not run nothing happens
 * @forget: also end its sessions in the module; otherwise they stay there
 *	until their deadlines
 */
void worker_stop(struct worker *worker, bool forget);

/** worker_free() - free a worker that does not run; NULL is fine */
void worker_free(struct worker *worker);

/**
 * typedef worker_fn - a call to be made on a worker's thread
 */
typedef void worker_fn(struct worker *worker, void *arg);

/**
 * worker_post() - have a call made on the worker's thread
 * @worker: the worker
 * @fn: the call
 * @arg: its argument
 *
 * From any thread. Calls that wait when the worker is stopped are still made.
 *
 * Return: 0 or -ENOMEM.
 */
int worker_post(struct worker *worker, worker_fn *fn, void *arg);

/**
 * worker_again() - handle a request again that had to wait for something
 * @worker: the worker that it came to; on its thread
 * @tuple: on this 5-tuple
 * @buf: the request; writable
 * @len: its length
 *
 * Nothing happens if its connection has been closed meanwhile.
 */
void worker_again(struct worker *worker, const struct turn_5tuple *tuple,
		  uint8_t *buf, size_t len);

/** worker_server() - the protocol core; on the worker's thread only */
struct turn_server *worker_server(struct worker *worker);

/** worker_user() - as given to worker_new() */
void *worker_user(const struct worker *worker);

/** worker_number() - as given to worker_new() */
unsigned int worker_number(const struct worker *worker);

/** worker_now() - the clock that the servers run by: monotonic milliseconds */
uint64_t worker_now(void);

/** worker_turn_stats() - the server's counters, readable from any thread */
const struct turn_stats *worker_turn_stats(const struct worker *worker);

/** worker_send_stats() - what was sent, readable from any thread */
const struct send_stats *worker_send_stats(const struct worker *worker);

/** worker_dtls_stats() - its DTLS clients, readable from any thread */
const struct dtls_stats *worker_dtls_stats(const struct worker *worker);

/** worker_stream_stats() - its connections, readable from any thread */
const struct stream_stats *worker_stream_stats(const struct worker *worker);

/** worker_stream_out_stats() - what was sent over them, likewise */
const struct stream_out_stats *
worker_stream_out_stats(const struct worker *worker);

#endif /* KTURN_NET_WORKER_H */
