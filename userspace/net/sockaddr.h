/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Socket addresses of the relay path: only as large as IPv6 needs, and
 * converted without touching more than that.
 */
#ifndef KTURN_NET_SOCKADDR_H
#define KTURN_NET_SOCKADDR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "stun/addr.h"

/** union net_sockaddr - an IPv4 or IPv6 socket address */
union net_sockaddr {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * net_sockaddr_from() - make a socket address
 * @sa: filled
 * @addr: IPv4 or IPv6, not "no address"
 *
 * Return: its size in bytes.
 */
static inline socklen_t net_sockaddr_from(union net_sockaddr *sa,
					  const struct transport_addr *addr)
{
	if (addr->family == AF_INET) {
		sa->in = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons(addr->port),
		};
		memcpy(&sa->in.sin_addr, addr->ip, sizeof(sa->in.sin_addr));
		return sizeof(sa->in);
	}
	sa->in6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6,
		.sin6_port = htons(addr->port),
	};
	memcpy(&sa->in6.sin6_addr, addr->ip, sizeof(sa->in6.sin6_addr));
	return sizeof(sa->in6);
}

/**
 * net_sockaddr_to() - take over a socket address that the kernel filled
 * @sa: of an IPv4 or an IPv6-only socket
 * @addr: filled
 */
static inline void net_sockaddr_to(const union net_sockaddr *sa,
				   struct transport_addr *addr)
{
	*addr = (struct transport_addr){ .family = sa->any.sa_family };
	if (addr->family == AF_INET) {
		addr->port = ntohs(sa->in.sin_port);
		memcpy(addr->ip, &sa->in.sin_addr, sizeof(sa->in.sin_addr));
	} else {
		addr->port = ntohs(sa->in6.sin6_port);
		memcpy(addr->ip, &sa->in6.sin6_addr,
		       sizeof(sa->in6.sin6_addr));
	}
}

/** net_addr_is_wildcard() - 0.0.0.0 or :: */
static inline int net_addr_is_wildcard(const struct transport_addr *addr)
{
	static const uint8_t zero[16];

	return memcmp(addr->ip, zero, sizeof(zero)) == 0;
}

#endif /* KTURN_NET_SOCKADDR_H */
