/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening sockets: where clients' datagrams come in, for one worker. */
#ifndef KTURN_NET_LISTENER_H
#define KTURN_NET_LISTENER_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/udp_socket.h"

struct worker;

/* How clients may speak there. */
#define LISTEN_UDP	1u
#define LISTEN_DTLS	2u

/**
 * struct listener - a listening socket
 * @sock: the socket
 * @readable: its event
 * @addr: what it is bound to; maybe a wildcard
 * @ways: LISTEN_UDP, LISTEN_DTLS or both: they differ by a datagram's first
 *	byte
 * @worker: its worker
 */
struct listener {
	struct udp_socket sock;
	struct event readable;
	struct transport_addr addr;
	unsigned int ways;
	struct worker *worker;
};

/**
 * listener_new() - open a listening socket in a worker's event loop
 * @worker: the worker
 * @addr: address and port, maybe a wildcard
 * @ways: LISTEN_UDP, LISTEN_DTLS or both
 * @out: filled
 *
 * Return: 0 or a negative errno.
 */
int listener_new(struct worker *worker, const struct transport_addr *addr,
		 unsigned int ways, struct listener **out);

/** listener_free() - close it */
void listener_free(struct listener *listener);

/**
 * listener_serves() - do datagrams sent to @local come in here?
 * @listener: the listener
 * @local: a local transport address
 */
bool listener_serves(const struct listener *listener,
		     const struct transport_addr *local);

/**
 * listener_probe() - would binding to this address work, for us alone?
 * @addr: address and port
 * @device: by this device only, or NULL
 *
 * SO_REUSEPORT lets a second server of the same user join in silently and take
 * a share of the clients. So look before binding with it.
 *
 * Return: 0 or a negative errno: -EADDRINUSE if somebody is there.
 */
int listener_probe(const struct transport_addr *addr, const char *device);

#endif /* KTURN_NET_LISTENER_H */
