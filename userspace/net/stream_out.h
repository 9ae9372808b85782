/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages into clients' streams. What a round relays to a client is collected
 * and written at once, from where it was received. What the connection does
 * not take is copied and waits in a queue of its own, whose length is bounded:
 * beyond it relayed messages are dropped, whole ones, and counted.
 *
 * Responses go first in line for room: a client that reads so little that not
 * even those fit loses its connection instead of a response.
 */
#ifndef KTURN_NET_STREAM_OUT_H
#define KTURN_NET_STREAM_OUT_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "net/stream_transport.h"

/* Messages collected in a round; a stream's are written before there are more. */
#define STREAM_ENTRIES 128

/* Room for responses beyond the bound on what is relayed, in bytes. */
#define STREAM_REPLY_ROOM 16384

struct stream_queue;

/**
 * struct stream_out - the way out of a connection
 * @sock: the connection
 * @writable: its event; pending while something waits (@armed)
 * @limit: bytes that may wait
 * @data: what waits, from @start to @end, with @room bytes in all
 * @error: 0, or a negative errno: the connection is to be closed
 * @failed: in the queue's list, once there is an @error
 * @armed: @writable is pending
 * @first: first message collected, or SEND_NONE
 * @last: last one, if there is a first
 */
struct stream_out {
	struct stream_socket sock;
	struct event writable;
	size_t limit;
	uint8_t *data;
	size_t start;
	size_t end;
	size_t room;
	int error;
	LIST_ENTRY(stream_out) failed;
	bool armed;
	uint16_t first;
	uint16_t last;
};

/**
 * struct stream_out_stats - what became of relayed messages
 * @sent: handed to the kernel, or waiting for it
 * @slow: dropped because the client takes them too slowly
 *
 * The worker writes; others may read member by member with
 * __atomic_load_n(..., __ATOMIC_RELAXED).
 */
struct stream_out_stats {
	uint64_t sent;
	uint64_t slow;
};

/** stream_queue_new() - make the queue of one worker; NULL without memory */
struct stream_queue *stream_queue_new(void);

/** stream_queue_free() - free it; NULL is fine */
void stream_queue_free(struct stream_queue *queue);

/** stream_queue_stats() - its counters */
const struct stream_out_stats *
stream_queue_stats(const struct stream_queue *queue);

/**
 * stream_out_init() - begin, with nothing to send
 * @out: its @sock is set
 * @limit: bytes that may wait
 */
void stream_out_init(struct stream_out *out, size_t limit);

/**
 * stream_out_attach() - have an event loop tell when there is room
 * @out: in no event loop
 * @base: event loop
 * @fn: called then, and to call stream_out_resume()
 * @arg: its argument
 *
 * Return: 0 or -ENOMEM.
 */
int stream_out_attach(struct stream_out *out, struct event_base *base,
		      event_callback_fn fn, void *arg);

/** stream_out_detach() - leave the event loop; the queue has been flushed */
void stream_out_detach(struct stream_out *out);

/** stream_out_free() - forget what waits; detached, the queue flushed */
void stream_out_free(struct stream_out *out);

/** stream_out_waiting() - bytes that wait for the client to take them */
static inline size_t stream_out_waiting(const struct stream_out *out)
{
	return out->end - out->start + out->sock.unsent_len;
}

/**
 * stream_out_arm() - have the event loop tell when there is room, if needed
 * @queue: the queue
 * @out: attached; reading from it may have left something unsent
 */
void stream_out_arm(struct stream_queue *queue, struct stream_out *out);

/**
 * stream_queue_relay() - send a relayed message
 * @queue: the queue; flushed first if it is full
 * @out: where to
 * @buf: the message with padding, which stays there until the next flush
 * @len: its length in bytes
 */
void stream_queue_relay(struct stream_queue *queue, struct stream_out *out,
			const uint8_t *buf, size_t len);

/**
 * stream_queue_reply() - send a message of the server's own making
 * @queue: the queue
 * @out: where to
 * @buf: the message, not needed any more afterwards
 * @len: its length in bytes
 *
 * Behind what was collected for this stream before.
 */
void stream_queue_reply(struct stream_queue *queue, struct stream_out *out,
			const uint8_t *buf, size_t len);

/** stream_queue_flush() - write all that was collected, or make it wait */
void stream_queue_flush(struct stream_queue *queue);

/**
 * stream_out_fail() - have a stream closed
 * @queue: tells of it
 * @out: of no use any more
 * @error: a negative errno
 */
void stream_out_fail(struct stream_queue *queue, struct stream_out *out,
		     int error);

/** stream_out_resume() - write what waits, now that there may be room */
void stream_out_resume(struct stream_queue *queue, struct stream_out *out);

/**
 * stream_queue_failed() - a stream that has to be closed, or NULL
 * @queue: the queue
 *
 * Each is given once. One that is freed is given no more.
 */
struct stream_out *stream_queue_failed(struct stream_queue *queue);

#endif /* KTURN_NET_STREAM_OUT_H */
