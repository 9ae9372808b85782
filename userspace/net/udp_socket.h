/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bound, non-blocking UDP socket with its place in the send queue: what
 * listeners, relay sockets and peer sockets have in common.
 */
#ifndef KTURN_NET_UDP_SOCKET_H
#define KTURN_NET_UDP_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "stun/addr.h"

struct relay_socket;

/* No entry of the send queue. */
#define SEND_NONE UINT16_MAX

/**
 * struct udp_socket - a socket
 * @fd: the descriptor, -1 when closed
 * @family: AF_INET or AF_INET6
 * @wildcard: bound to 0.0.0.0 or ::, so local addresses travel with packets
 * @connected: sends to one peer
 * @reports_errors: learns of ICMP errors (net/socket_error.h)
 * @error_waits: sending has shown that one is there
 * @df: sends with the DF bit set (IPv6: never fragments)
 * @send_first: first entry in the send queue, or SEND_NONE
 * @send_last: last entry, if there is a first
 * @burst: how many datagrams to ask for next time
 * @round: when it was last asked (struct receive_pool)
 * @relay: whose it is, once that is attached to a worker; NULL: a listener
 */
struct udp_socket {
	int fd;
	uint16_t family;
	bool wildcard;
	bool connected;
	bool reports_errors;
	bool error_waits;
	bool df;
	uint16_t send_first;
	uint16_t send_last;
	uint16_t burst;
	uint16_t round;
	struct relay_socket *relay;
};

/**
 * struct udp_options - how to open one
 * @share_port: SO_REUSEPORT: one of several, among which the kernel spreads
 *	the clients
 * @report_errors: queue ICMP errors about what was sent from its address
 * @device: device that it sends and receives by, a VRF perhaps; NULL: any
 * @buffer: size of send and receive buffers in bytes; 0: the system's default
 */
struct udp_options {
	bool share_port;
	bool report_errors;
	const char *device;
	uint32_t buffer;
};

/**
 * udp_socket_open() - make a socket, not bound yet
 * @sock: filled
 * @family: AF_INET or AF_INET6 (which takes no IPv4)
 * @options: how
 *
 * Return: 0 or a negative errno.
 */
int udp_socket_open(struct udp_socket *sock, int family,
		    const struct udp_options *options);

/**
 * udp_socket_bind() - bind it
 * @sock: the socket
 * @addr: where to. For a wildcard address the socket learns each packet's
 *	local address (IP_PKTINFO, IPV6_RECVPKTINFO).
 *
 * Return: 0 or a negative errno; after -EADDRINUSE it may be tried again.
 */
int udp_socket_bind(struct udp_socket *sock,
		    const struct transport_addr *addr);

/**
 * udp_socket_share_address() - may other sockets be bound to the same address?
 * @sock: the socket
 * @share: SO_REUSEADDR: yes, if they want to share it too
 *
 * Return: 0 or a negative errno.
 */
int udp_socket_share_address(const struct udp_socket *sock, bool share);

/**
 * udp_socket_connect() - connect it, or connect it to somebody else
 * @sock: a bound socket; what it has received stays there to be read
 * @peer: whom it sends to from now on
 *
 * Return: 0 or a negative errno, and then nothing changed.
 */
int udp_socket_connect(struct udp_socket *sock,
		       const struct transport_addr *peer);

/**
 * udp_socket_set_df() - switch the DF bit of what is sent
 * @sock: the socket
 * @df: set it (IPv6: let nobody fragment) or leave it clear
 */
void udp_socket_set_df(struct udp_socket *sock, bool df);

/** udp_socket_close() - close it, if it is open */
void udp_socket_close(struct udp_socket *sock);

#endif /* KTURN_NET_UDP_SOCKET_H */
