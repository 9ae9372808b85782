/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's DTLS clients: an association for each 5-tuple that has proved its
 * address, until it closes, or has had no allocation for too long.
 *
 * Knows no socket: datagrams come and go by function calls, so that tests and
 * workers use it alike. What it sends and hands on is done by struct dtls_ops.
 */
#ifndef KTURN_NET_DTLS_H
#define KTURN_NET_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "net/tls_context.h"
#include "turn/siphash.h"
#include "turn/table.h"
#include "turn/timers.h"
#include "turn/turn.h"

struct connections;
struct dtls_association;

/**
 * struct dtls_ops - what happens to datagrams
 * @send: send one to the client; valid during the call only
 * @received: one came from the client, decrypted; writable, and stays there
 *	until the buffer that it came in is used again
 * @serves: has the client an allocation?
 * @gone: the client is gone; its allocation ends
 *
 * None of them may call dtls_receive() or dtls_tick().
 */
struct dtls_ops {
	void (*send)(void *env, const struct turn_5tuple *tuple,
		     const uint8_t *buf, size_t len);
	void (*received)(void *env, const struct turn_5tuple *tuple,
			 uint8_t *buf, size_t len, uint64_t now);
	bool (*serves)(void *env, const struct turn_5tuple *tuple,
		       uint64_t now);
	void (*gone)(void *env, const struct turn_5tuple *tuple);
};

/**
 * struct dtls_options - limits of associations
 * @connections: how many there may be, and how many handshakes, those over TCP
 *	included
 * @allocate_timeout: milliseconds that an association may be without an
 *	allocation
 * @handshake_timeout: milliseconds that a handshake may take
 * @retransmit: milliseconds until a flight is sent again for the first time
 */
struct dtls_options {
	struct connections *connections;
	uint64_t allocate_timeout;
	uint64_t handshake_timeout;
	unsigned int retransmit;
};

#define DTLS_HANDSHAKE_TIMEOUT	30000
#define DTLS_RETRANSMIT		1000

/**
 * enum dtls_end - why an association ended or was refused
 * @DTLS_END_CLIENT: the client closed it
 * @DTLS_END_BROKEN: what came is against the protocol
 * @DTLS_END_HANDSHAKE: the handshake failed or took too long
 * @DTLS_END_IDLE: no allocation for too long
 * @DTLS_END_SERVER: out of memory
 * @DTLS_END_TOO_MANY: refused: as many as there may be
 * @DTLS_END_SOURCE: refused: as many from one source as there may be
 * @DTLS_END_RATE: refused: as many handshakes of one source as there may be;
 *	of a client that begins anew, what it had goes on
 */
enum dtls_end {
	DTLS_END_CLIENT,
	DTLS_END_BROKEN,
	DTLS_END_HANDSHAKE,
	DTLS_END_IDLE,
	DTLS_END_SERVER,
	DTLS_END_TOO_MANY,
	DTLS_END_SOURCE,
	DTLS_END_RATE,
	DTLS_END_COUNT,
};

/** dtls_end_name() - a short name, as "too-many", for metrics */
const char *dtls_end_name(enum dtls_end why);

/**
 * struct dtls_stats - a worker's associations
 * @open: right now
 * @accepted: ever: clients that sent their cookie back
 * @verified: HelloVerifyRequests sent
 * @strays: datagrams that belong to no association, or can belong to none
 * @too_big: records not sent, for they would have been too long
 * @ended: ended or refused, by enum dtls_end
 *
 * Written and read as struct turn_stats.
 */
struct dtls_stats {
	uint64_t open;
	uint64_t accepted;
	uint64_t verified;
	uint64_t strays;
	uint64_t too_big;
	uint64_t ended[DTLS_END_COUNT];
};

/**
 * struct dtls - a worker's DTLS clients
 * @ops: what happens to datagrams
 * @env: first argument of all @ops
 * @options: limits
 * @tls: what new associations begin with; NULL: there are none
 * @by_tuple: associations
 * @list: the same
 * @secret: of the table
 * @cookie_key: of the cookies
 * @timers: of the associations
 * @stats: counters
 */
struct dtls {
	const struct dtls_ops *ops;
	void *env;
	struct dtls_options options;
	struct tls_context *tls;
	struct turn_table by_tuple;
	LIST_HEAD(, dtls_association) list;
	struct turn_table_secret secret;
	struct siphash_key cookie_key;
	struct turn_timers timers;
	struct dtls_stats stats;
};

/**
 * dtls_init() - no clients yet
 * @dtls: filled; to be freed by dtls_free() in any case
 * @ops: what happens to datagrams; must live longer
 * @env: first argument of all @ops
 * @options: limits
 *
 * Return: 0 or a negative errno.
 */
int dtls_init(struct dtls *dtls, const struct dtls_ops *ops, void *env,
	      const struct dtls_options *options);

/** dtls_free() - forget all; what was zeroed and not made is fine */
void dtls_free(struct dtls *dtls);

/** dtls_close_all() - tell all clients that it is over, then forget them */
void dtls_close_all(struct dtls *dtls);

/**
 * dtls_set_context() - begin new associations with this from now on
 * @dtls: the clients
 * @tls: the context; gets a reference of its own
 */
void dtls_set_context(struct dtls *dtls, struct tls_context *tls);

/**
 * dtls_receive() - a datagram has come that dtls_is_record() tells to be DTLS
 * @dtls: the clients
 * @tuple: on this 5-tuple; its transport is TURN_DTLS
 * @buf: the datagram, which gives way to what it says
 * @len: its length in bytes
 * @room: size of @buf in bytes
 * @now: the time
 */
void dtls_receive(struct dtls *dtls, const struct turn_5tuple *tuple,
		  uint8_t *buf, size_t len, size_t room, uint64_t now);

/**
 * dtls_send() - encrypt and send
 * @dtls: the clients
 * @tuple: to this one; if it is gone, nothing happens
 * @buf: the datagram
 * @len: its length in bytes
 */
void dtls_send(struct dtls *dtls, const struct turn_5tuple *tuple,
	       const uint8_t *buf, size_t len);

/**
 * dtls_reply() - the same for a message of the server's own making
 * @dtls: the clients
 * @tuple: to this one; if it is gone, nothing happens
 * @buf: the message
 * @len: its length in bytes
 * @now: the time
 */
void dtls_reply(struct dtls *dtls, const struct turn_5tuple *tuple,
		const uint8_t *buf, size_t len, uint64_t now);

/** dtls_ssl() - OpenSSL's side of a client's association; NULL: there is none */
const SSL *dtls_ssl(const struct dtls *dtls, const struct turn_5tuple *tuple);

/** dtls_deadline() - when is dtls_tick() due? TURN_NEVER if it is not */
static inline uint64_t dtls_deadline(const struct dtls *dtls)
{
	return turn_timers_next(&dtls->timers);
}

/** dtls_tick() - do what is due; bounded work */
void dtls_tick(struct dtls *dtls, uint64_t now);

#endif /* KTURN_NET_DTLS_H */
