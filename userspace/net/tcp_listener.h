/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Listening TCP sockets: one for each worker and address (SO_REUSEPORT), where
 * clients' connections come in.
 */
#ifndef KTURN_NET_TCP_LISTENER_H
#define KTURN_NET_TCP_LISTENER_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "stun/addr.h"
#include "turn/timers.h"

struct worker;

/**
 * struct tcp_listener - a listening socket
 * @fd: the socket
 * @acceptable: its event
 * @resume: listens again after a pause
 * @addr: what it is bound to; maybe a wildcard
 * @ways: LISTEN_TCP, LISTEN_TLS or both
 * @worker: its worker
 */
struct tcp_listener {
	int fd;
	struct event acceptable;
	struct turn_timer resume;
	struct transport_addr addr;
	unsigned int ways;
	struct worker *worker;
};

/**
 * tcp_listener_new() - take connections in a worker's event loop
 * @worker: the worker
 * @addr: address and port, maybe a wildcard
 * @ways: LISTEN_TCP, LISTEN_TLS or both
 * @out: filled
 *
 * Return: 0 or a negative errno.
 */
int tcp_listener_new(struct worker *worker, const struct transport_addr *addr,
		     unsigned int ways, struct tcp_listener **out);

/** tcp_listener_free() - close it */
void tcp_listener_free(struct tcp_listener *listener);

/**
 * tcp_listener_probe() - would listening there work, for us alone?
 * @addr: address and port
 * @device: by this device only, or NULL
 *
 * As listener_probe(). Return: 0 or a negative errno.
 */
int tcp_listener_probe(const struct transport_addr *addr, const char *device);

#endif /* KTURN_NET_TCP_LISTENER_H */
