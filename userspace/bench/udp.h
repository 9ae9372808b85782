/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP sockets as the load generator wants them: large buffers, arrival times
 * taken by the kernel, drops that can be asked for. Sending blocks while the
 * socket's buffer is full; receiving never does.
 */
#ifndef KTURN_BENCH_UDP_H
#define KTURN_BENCH_UDP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "stun/addr.h"

/* Datagrams sent or received by one system call. */
#define UDP_BATCH 64

/** union udp_name - a socket address, no larger than IPv6 needs */
union udp_name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * struct udp_batch - datagrams to be received, or just received
 * @msgs: their headers; msg_len is what came
 * @iovs: their buffers
 * @names: whom they are from
 * @control: time stamps, as they come
 * @memory: all buffers
 * @room: size of each, in bytes
 */
struct udp_batch {
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iovs[UDP_BATCH];
	union udp_name names[UDP_BATCH];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct timespec))];
	} control[UDP_BATCH];
	uint8_t *memory;
	size_t room;
};

/**
 * udp_open() - make a socket
 * @local: where to bind it; "no address" or port 0: as the system likes
 * @remote: where to connect it, or NULL
 * @buffer: size of its buffers in bytes, as far as the system allows
 * @share: let other sockets have the same address (SO_REUSEPORT)
 *
 * Return: the descriptor, or a negative errno.
 */
int udp_open(const struct transport_addr *local,
	     const struct transport_addr *remote, unsigned int buffer,
	     bool share);

/** udp_local() - a socket's own address; 0 or a negative errno */
int udp_local(int fd, struct transport_addr *addr);

/** udp_buffer() - the receive buffer it really has, in bytes, for payload */
unsigned int udp_buffer(int fd);

/**
 * udp_drops() - datagrams dropped because its buffer was full
 * @fd: the socket
 *
 * What SO_RXQ_OVFL tells with the next datagram, and this also if there is
 * none. It wraps at 2^32.
 */
uint32_t udp_drops(int fd);

/** udp_name_from() - an address as the kernel wants it; its size */
socklen_t udp_name_from(union udp_name *name,
			const struct transport_addr *addr);

/** udp_name_equal() - same address, port and family */
bool udp_name_equal(const union udp_name *a, const union udp_name *b);

/**
 * udp_batch_init() - get memory
 * @batch: the batch
 * @room: for datagrams of so many bytes
 *
 * Return: 0 or -ENOMEM.
 */
int udp_batch_init(struct udp_batch *batch, size_t room);

/** udp_batch_free() - give it back */
void udp_batch_free(struct udp_batch *batch);

/**
 * udp_receive() - receive what is there
 * @batch: filled
 * @fd: the socket
 *
 * Return: number of datagrams, 0 if there are none; or a negative errno, for
 * instance -ECONNREFUSED for an ICMP error that has come back.
 */
int udp_receive(struct udp_batch *batch, int fd);

/**
 * udp_arrival() - when a datagram came
 * @batch: just received
 * @i: which
 *
 * Return: CLOCK_REALTIME in nanoseconds, taken by the kernel.
 */
uint64_t udp_arrival(struct udp_batch *batch, unsigned int i);

/** realtime_ns() - CLOCK_REALTIME, which time stamps on packets have */
uint64_t realtime_ns(void);

/** monotonic_ns() - CLOCK_MONOTONIC, by which everything is timed */
uint64_t monotonic_ns(void);

#endif /* KTURN_BENCH_UDP_H */
