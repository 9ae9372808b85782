/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending in batches: datagrams are queued while a batch of received ones is
 * handled, then leave with one sendmmsg() for each socket.
 *
 * Payloads are not copied: they must stay where they are until the queue is
 * flushed. What has no such place is copied into the queue's own memory.
 */
#ifndef KTURN_NET_SEND_H
#define KTURN_NET_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "net/udp_socket.h"
#include "turn/turn.h"

/* Room for what two bursts of received datagrams can cause. */
#define SEND_ENTRIES 128

/* Room for copies, and the longest of them: a DTLS record. */
#define SEND_COPY_BYTES (128 << 10)
#define SEND_COPY_MAX	(18 << 10)

struct send_queue;

/**
 * struct send_stats - what became of datagrams
 * @sent: handed to the kernel
 * @full: dropped because a socket's buffer or the device's queue was full
 * @unreachable: dropped because there is no route, or a firewall forbids
 * @too_big: dropped because they exceed the MTU and must not be fragmented
 * @failed: dropped for any other reason
 *
 * The worker writes; others may read member by member with
 * __atomic_load_n(..., __ATOMIC_RELAXED).
 */
struct send_stats {
	uint64_t sent;
	uint64_t full;
	uint64_t unreachable;
	uint64_t too_big;
	uint64_t failed;
};

/** send_queue_new() - make the queue of one worker; NULL without memory */
struct send_queue *send_queue_new(void);

/** send_queue_free() - free it, with what it holds; NULL is fine */
void send_queue_free(struct send_queue *queue);

/** send_queue_stats() - its counters */
const struct send_stats *send_queue_stats(const struct send_queue *queue);

/**
 * struct send_target - where a datagram goes
 * @sock: through this socket, which stays open until the next flush
 * @to: destination; of a connected socket, its peer
 * @from: source address, for sockets bound to a wildcard address; else NULL
 * @df: must not be fragmented
 */
struct send_target {
	struct udp_socket *sock;
	const struct transport_addr *to;
	const struct transport_addr *from;
	bool df;
};

/**
 * send_queue_add() - queue a datagram
 * @queue: the queue; flushed first if it is full
 * @target: where it goes
 * @buf: the datagram, which stays there until the next flush
 * @len: its length in bytes
 */
void send_queue_add(struct send_queue *queue, const struct send_target *target,
		    const uint8_t *buf, size_t len);

/**
 * send_queue_copy() - queue a copy of a datagram
 * @queue: the queue; flushed first if it has no room
 * @target: where it goes
 * @buf: the datagram
 * @len: its length in bytes, at most SEND_COPY_MAX
 */
void send_queue_copy(struct send_queue *queue,
		     const struct send_target *target,
		     const uint8_t *buf, size_t len);

/** send_queue_flush() - send all that is queued; afterwards it is empty */
void send_queue_flush(struct send_queue *queue);

/**
 * send_queue_full() - a socket that was full when something was to be sent
 * @queue: the queue
 *
 * To be asked before any socket goes, until there is none. One may be told of
 * more than once.
 *
 * Return: the socket, or NULL if there is none that was not told of.
 */
struct udp_socket *send_queue_full(struct send_queue *queue);

#endif /* KTURN_NET_SEND_H */
