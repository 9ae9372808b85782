/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving in batches: recvmmsg() into preallocated buffers.
 *
 * A received datagram stays where it is until it has left again, for relayed
 * payload is sent from the very buffer it came in. So buffers are handed out
 * one after the other, across sockets, and come back all at once when the send
 * queue has been flushed.
 */
#ifndef KTURN_NET_RECEIVE_H
#define KTURN_NET_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/sockaddr.h"
#include "net/udp_socket.h"
#include "turn/turn.h"

/* Datagrams held at a time, and asked for with one system call. */
#define RECEIVE_BUFFERS	64
#define RECEIVE_BURST	32

/* The largest UDP datagram, with the room that the protocol core asks for. */
#define RECEIVE_DATAGRAM_MAX 65535
#define RECEIVE_BUFFER_SIZE \
	(TURN_HEADROOM + RECEIVE_DATAGRAM_MAX + 1 + TURN_TAILROOM)

struct receive_pool;

/**
 * struct datagram - one that was received
 * @buf: payload, with headroom and tailroom around it
 * @len: its length in bytes
 * @from: sender
 * @to: local IP address that it was sent to, port 0; only for sockets bound
 *	to a wildcard address
 */
struct datagram {
	uint8_t *buf;
	size_t len;
	struct transport_addr from;
	struct transport_addr to;
};

/** receive_pool_new() - make the buffers of one worker; NULL without memory */
struct receive_pool *receive_pool_new(void);

/** receive_pool_free() - free them; NULL is fine */
void receive_pool_free(struct receive_pool *pool);

/** receive_pool_reset() - all buffers are free again: what was in them left */
void receive_pool_reset(struct receive_pool *pool);

/** receive_pool_full() - is there no buffer left? */
bool receive_pool_full(const struct receive_pool *pool);

/**
 * receive_pool_take() - a whole buffer, for what is no datagram
 * @pool: the buffers; at least one is free
 *
 * Return: RECEIVE_BUFFER_SIZE bytes, the caller's until the pool is reset.
 */
uint8_t *receive_pool_take(struct receive_pool *pool);

/**
 * receive_batch() - read what is there, up to a burst
 * @pool: the buffers; at least one is free
 * @sock: the socket
 * @first: filled: index of the first datagram, for receive_get()
 *
 * Return: number of datagrams; 0 if there are none, or after an error of the
 * network, which is over by having been read.
 */
unsigned int receive_batch(struct receive_pool *pool, struct udp_socket *sock,
			   unsigned int *first);

/**
 * receive_get() - look at a received datagram
 * @pool: the buffers
 * @index: which one
 * @datagram: filled
 *
 * Return: false if it is to be passed over: not addressed to this host alone
 * (multicast, broadcast), or without the address it was sent to.
 */
bool receive_get(struct receive_pool *pool, unsigned int index,
		 struct datagram *datagram);

#endif /* KTURN_NET_RECEIVE_H */
