/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a socket's error queue holds (IP_RECVERR): ICMP errors about datagrams
 * that left from its address, whether it sent them or the module did.
 */
#ifndef KTURN_NET_SOCKET_ERROR_H
#define KTURN_NET_SOCKET_ERROR_H

#include "net/udp_socket.h"
#include "stun/message.h"

/**
 * struct socket_error - an error
 * @peer: where the datagram was going
 * @icmp: what was wrong with it
 * @local: this host says so, of a datagram too big for its own device or for
 *	the path as it knows it: @icmp is what a router would have sent
 */
struct socket_error {
	struct transport_addr peer;
	struct stun_icmp icmp;
	bool local;
};

/**
 * socket_error_read() - take the next error from the queue
 * @sock: a socket that reports errors
 * @error: filled; its ICMP type is 0 for an error that is no such thing
 *
 * Return: false if there is none.
 */
bool socket_error_read(const struct udp_socket *sock,
		       struct socket_error *error);

#endif /* KTURN_NET_SOCKET_ERROR_H */
