/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread that sends the same packet over and over, for tests that pull
 * something out from under the traffic, and counts to account for each one.
 */
#ifndef KTURN_TESTS_FLOOD_H
#define KTURN_TESTS_FLOOD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

/* Sends no more than this, whatever happens. */
#define FLOOD_MAX 500000

/**
 * struct flood - the thread
 * @sent: packets that went out so far
 *
 * The rest is the thread's own.
 */
struct flood {
	_Atomic uint64_t sent;
	atomic_bool stop;
	pthread_t thread;
	const struct wire *wire;
	int cpu;
	size_t len;
	uint8_t ip[2048];
};

/**
 * flood_start() - start sending
 * @f: the flood
 * @w: where to send
 * @p: what to send
 * @cpu: the processor to run on
 *
 * The thread ends by itself when the wire is gone.
 *
 * Return: 0, or a negative errno.
 */
int flood_start(struct flood *f, const struct wire *w,
		const struct udp_packet *p, int cpu);

/**
 * flood_stop() - stop sending
 * @f: the flood
 *
 * Return: number of packets sent.
 */
uint64_t flood_stop(struct flood *f);

/**
 * flood_drain() - receive and count what waits in a socket
 * @fd: the socket, of UDP or of a wire
 *
 * Return: number of datagrams or frames.
 */
uint64_t flood_drain(int fd);

/**
 * flood_wait() - let the flood go on for a while
 * @f: the flood
 * @packets: how many more are to be sent
 * @fd: sockets to drain meanwhile
 * @counts: what was drained is added here
 * @fds: how many sockets
 *
 * Return: whether they were sent in time.
 */
bool flood_wait(struct flood *f, uint64_t packets, const int *fd,
		uint64_t *counts, int fds);

/**
 * flood_wait_for() - let the flood go on until some of it arrives
 * @packets: how many more are to arrive
 * @which: at which of the sockets
 * @fd: the sockets
 * @counts: what was drained is added here
 * @fds: how many sockets
 *
 * Return: whether they arrived in time.
 */
bool flood_wait_for(uint64_t packets, int which, const int *fd,
		    uint64_t *counts, int fds);

/**
 * flood_wait_for_all() - drain until all that was sent has arrived
 * @sent: how many packets
 * @fd: the sockets
 * @counts: what was drained is added here
 * @fds: how many sockets
 *
 * Return: how many have arrived at all of them, in the time there is; what
 * arrives more than once may make it more than @sent.
 */
uint64_t flood_wait_for_all(uint64_t sent, const int *fd, uint64_t *counts,
			    int fds);

#endif /* KTURN_TESTS_FLOOD_H */
