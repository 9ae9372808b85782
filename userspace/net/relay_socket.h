/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Relay sockets: one unconnected UDP socket for each relayed transport
 * address, bound to a relay IP and a random port of the range; and, for those
 * that are busy, a second one (peer_socket.h). For TCP one that listens.
 */
#ifndef KTURN_NET_RELAY_SOCKET_H
#define KTURN_NET_RELAY_SOCKET_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stddef.h>

#include "net/peer_socket.h"
#include "net/port_pool.h"
#include "net/udp_socket.h"
#include "turn/turn.h"

struct client_stream;
struct worker;

/**
 * struct relay_address - an IP address that peers see
 * @bound: address of this host, port 0
 * @relayed: what clients are told: @bound, or the public address in front of
 *	a 1:1 NAT
 * @ports: its ports
 */
struct relay_address {
	struct transport_addr bound;
	struct transport_addr relayed;
	struct port_pool *ports;
};

/** struct relay_addresses - all of them, both families; shared by workers */
struct relay_addresses {
	struct relay_address *v;
	size_t n;
};

/**
 * struct relay_socket - a relayed transport address
 * @sock: the socket; of a TCP relay its descriptor, which listens
 * @tcp: peers connect to it (RFC 6062)
 * @readable: its event, once it is attached
 * @second: the second socket
 * @writable: tells that there is room again, while there is @paused
 * @paused: the client that waits for that (net/backpressure.h), or NULL
 * @worker: the worker it is attached to, or NULL
 * @allocation: the allocation that owns it; NULL until attached and when
 *	closed
 * @address: its IP address
 * @port: its port
 * @next_closed: in the worker's list of closed ones
 */
struct relay_socket {
	struct udp_socket sock;
	bool tcp;
	struct event readable;
	struct peer_socket second;
	struct event writable;
	struct client_stream *paused;
	struct worker *worker;
	struct turn_allocation *allocation;
	const struct relay_address *address;
	uint16_t port;
	struct relay_socket *next_closed;
};

/**
 * struct relay_choice - how to choose a relayed transport address
 * @request: what the client asked for
 * @prefer: IP address to take if it is among those of the family
 * @turn: otherwise begin with this one, modulo their number
 * @random: unpredictable number; the port follows from it
 * @options: for the sockets
 */
struct relay_choice {
	const struct turn_relay_request *request;
	const struct transport_addr *prefer;
	unsigned int turn;
	uint64_t random;
	struct udp_options options;
};

/**
 * relay_socket_open() - open one, or two on neighbouring ports
 * @addresses: to choose from
 * @choice: how
 * @first: filled
 * @next: filled if the request asks for two
 *
 * Return: 0; -EAFNOSUPPORT if there is no address of the family;
 * -EADDRINUSE if all ports are taken; or another negative errno.
 */
int relay_socket_open(const struct relay_addresses *addresses,
		      const struct relay_choice *choice,
		      struct relay_socket **first, struct relay_socket **next);

/**
 * relay_socket_reopen() - open one at an address where there was one before
 * @addresses: to find it among
 * @bound: address and port
 * @options: for the socket
 * @out: filled
 *
 * Return: 0, -EADDRNOTAVAIL if it is none of these, -EADDRINUSE, or another
 * negative errno.
 */
int relay_socket_reopen(const struct relay_addresses *addresses,
			const struct transport_addr *bound,
			const struct udp_options *options,
			struct relay_socket **out);

/**
 * tcp_relay_open() - a TCP socket that can share its address with others
 * @family: AF_INET or AF_INET6 (which takes no IPv4)
 * @options: how
 *
 * One of them listens for peers; the others are connections to peers.
 *
 * Return: a descriptor, or a negative errno.
 */
int tcp_relay_open(int family, const struct udp_options *options);

/** relay_socket_describe() - fill what the protocol core wants to know */
void relay_socket_describe(struct relay_socket *relay, struct turn_relay *out);

/**
 * relay_socket_close() - close the socket and give its port back
 * @relay: not in any event loop, with nothing queued; freed
 */
void relay_socket_close(struct relay_socket *relay);

#endif /* KTURN_NET_RELAY_SOCKET_H */
