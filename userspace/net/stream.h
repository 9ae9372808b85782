/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients' connections: TCP, and TLS over it. A stream belongs to the worker
 * that accepted it.
 *
 * The protocol core knows nothing of connections: it names a 5-tuple, and the
 * stream is found by that. An allocation ends with its connection, but not the
 * other way round (RFC 8656, section 7.3): a client may allocate again.
 */
#ifndef KTURN_NET_STREAM_H
#define KTURN_NET_STREAM_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/stream_in.h"
#include "net/stream_out.h"
#include "turn/table.h"
#include "turn/timers.h"
#include "turn/turn.h"

struct connections;
struct relay_socket;
struct worker;

/* How clients may speak over a connection: they differ by its first byte. */
#define LISTEN_TCP	4u
#define LISTEN_TLS	8u

/**
 * struct stream_options - limits of clients' connections
 * @connections: how many there may be
 * @queue_limit: bytes that may wait for a client to take them
 * @allocate_timeout: milliseconds that a connection may be without an
 *	allocation
 * @handshake_timeout: milliseconds that a TLS handshake may take
 */
struct stream_options {
	struct connections *connections;
	size_t queue_limit;
	uint64_t allocate_timeout;
	uint64_t handshake_timeout;
};

/**
 * enum stream_end - why a connection ended or was refused
 * @STREAM_END_CLIENT: the client closed it
 * @STREAM_END_NETWORK: it broke
 * @STREAM_END_NOT_TURN: what came is neither STUN nor ChannelData
 * @STREAM_END_HANDSHAKE: the TLS handshake failed or took too long
 * @STREAM_END_TOO_LONG: a message longer than may be
 * @STREAM_END_IDLE: no allocation for too long
 * @STREAM_END_SLOW: the client reads not even responses
 * @STREAM_END_SERVER: out of memory, or the 5-tuple came anew
 * @STREAM_END_TOO_MANY: refused: as many connections as there may be
 * @STREAM_END_SOURCE: refused: as many from one source as there may be
 * @STREAM_END_RATE: refused: as many handshakes of one source as there may be
 */
enum stream_end {
	STREAM_END_CLIENT,
	STREAM_END_NETWORK,
	STREAM_END_NOT_TURN,
	STREAM_END_HANDSHAKE,
	STREAM_END_TOO_LONG,
	STREAM_END_IDLE,
	STREAM_END_SLOW,
	STREAM_END_SERVER,
	STREAM_END_TOO_MANY,
	STREAM_END_SOURCE,
	STREAM_END_RATE,
	STREAM_END_COUNT,
};

/** stream_end_name() - a short name, as "too-many", for metrics */
const char *stream_end_name(enum stream_end why);

/**
 * struct stream_stats - a worker's connections
 * @open: right now
 * @accepted: ever
 * @ended: ended or refused, by enum stream_end
 *
 * Written and read as struct turn_stats.
 */
struct stream_stats {
	uint64_t open;
	uint64_t accepted;
	uint64_t ended[STREAM_END_COUNT];
};

struct client_stream;

/**
 * typedef stream_taker - gets a stream that has left its worker
 * @stream: belongs to nobody; what it has received and nobody has seen yet is
 *	in @stream->in. NULL if it ended instead.
 * @arg: as given to stream_hand_over()
 *
 * Called on the worker's thread, but not from within the protocol core.
 */
typedef void stream_taker(struct client_stream *stream, void *arg);

/**
 * struct client_stream - a client's connection
 * @out: way out, with the connection itself
 * @in: what is left of a message until its rest comes
 * @readable: its event
 * @timer: looks whether there is an allocation
 * @by_tuple: in the worker's table
 * @link: in the worker's list
 * @tuple: the client's 5-tuple
 * @worker: its worker; the only pointer to one
 * @taker: gets the stream when the message being handled is done, or NULL
 * @taker_arg: its argument
 * @paused_by: it is not read until this has room again, or NULL
 * @ways: LISTEN_TCP, LISTEN_TLS or both, until its first byte decides; then 0
 * @shaking: a TLS handshake was begun since the timer fired last
 * @serving: the client has an allocation, as far as is known
 */
struct client_stream {
	struct stream_out out;
	struct stream_in in;
	struct event readable;
	struct turn_timer timer;
	struct turn_table_node by_tuple;
	LIST_ENTRY(client_stream) link;
	struct turn_5tuple tuple;
	struct worker *worker;
	stream_taker *taker;
	void *taker_arg;
	struct relay_socket *paused_by;
	unsigned int ways;
	bool shaking;
	bool serving;
};

/**
 * struct streams - a worker's connections
 * @by_tuple: by 5-tuple, whether TCP or TLS is spoken over it
 * @secret: of that table
 * @list: all of them
 * @timers: theirs and the listeners'
 * @queue: what they are to be sent
 * @stats: counters
 */
struct streams {
	struct turn_table by_tuple;
	struct turn_table_secret secret;
	LIST_HEAD(, client_stream) list;
	struct turn_timers timers;
	struct stream_queue *queue;
	struct stream_stats stats;
};

/** streams_init() - no connections yet. Return: 0 or a negative errno. */
int streams_init(struct streams *streams);

/** streams_free() - close all connections; the protocol core is gone */
void streams_free(struct streams *streams);

/**
 * stream_accept() - a client has connected
 * @worker: the worker that accepted it
 * @fd: the connection, non-blocking; taken over in any case
 * @tuple: its 5-tuple; the transport follows from the first byte
 * @ways: LISTEN_TCP, LISTEN_TLS or both
 */
void stream_accept(struct worker *worker, int fd,
		   const struct turn_5tuple *tuple, unsigned int ways);

/** stream_find() - the stream of a 5-tuple, TCP or TLS, or NULL */
struct client_stream *stream_find(const struct streams *streams,
				  const struct turn_5tuple *tuple);

/**
 * stream_reply() - send a message of the server's own making
 * @stream: to its client
 * @buf: the message, not needed any more afterwards
 * @len: its length in bytes
 */
void stream_reply(struct client_stream *stream, const uint8_t *buf, size_t len);

/**
 * stream_again() - handle a message of a stream again that had to wait
 * @stream: the stream, none of whose messages is being handled; it may have
 *	left the worker when this returns
 * @buf: the message; writable
 * @len: its length in bytes
 */
void stream_again(struct client_stream *stream, uint8_t *buf, size_t len);

/**
 * stream_hand_over() - have a stream leave its worker
 * @stream: the stream, a message of which is being handled
 * @taker: gets it once that is done
 * @arg: its argument
 *
 * No further message of it is handled here. What waits to be sent stays with
 * it.
 */
void stream_hand_over(struct client_stream *stream, stream_taker *taker,
		      void *arg);

/**
 * stream_pause() - read no more of it
 * @stream: is being read
 * @by: a relay of its client, that can send no more; it has @stream in @paused
 */
void stream_pause(struct client_stream *stream, struct relay_socket *by);

/** stream_resume() - read on after stream_pause() */
void stream_resume(struct client_stream *stream);

/**
 * stream_discard() - close a stream that has left its worker
 * @connections: where it counts
 * @stream: the stream; freed
 */
void stream_discard(struct connections *connections,
		    struct client_stream *stream);

/**
 * streams_end_failed() - close those whose connection is broken
 * @worker: the worker
 *
 * Not from within the protocol core.
 */
void streams_end_failed(struct worker *worker);

/** streams_tick() - do what is due; bounded work */
void streams_tick(struct streams *streams, uint64_t now);

#endif /* KTURN_NET_STREAM_H */
