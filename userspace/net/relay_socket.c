// SPDX-License-Identifier: BSD-3-Clause
#include "net/relay_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket_option.h"

/*
 * Ports that look free may be held by other programs. So many attempts are
 * made at random places, and so many more one port after the other, before an
 * address counts as exhausted: bounded, for a client waits, and so do others.
 */
#define RANDOM_TRIES	16
#define SCAN_TRIES	1024

/* Peers that have connected to a TCP relay and were not yet looked at. */
#define BACKLOG		64

int tcp_relay_open(int family, const struct udp_options *options)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return -errno;
	ret = socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) ?:
	      socket_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!ret && family == AF_INET6)
		ret = socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!ret && options->device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->device,
		       (socklen_t)strlen(options->device)))
		ret = -errno;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

static int open_tcp(struct udp_socket *sock, int family,
		    const struct udp_options *options)
{
	int fd = tcp_relay_open(family, options);

	*sock = (struct udp_socket){
		.fd = fd, .family = (uint16_t)family, .send_first = SEND_NONE,
	};
	return fd < 0 ? fd : 0;
}

static struct relay_socket *relay_socket_new(const struct relay_address *address,
					     const struct relay_choice *choice)
{
	struct relay_socket *relay = calloc(1, sizeof(*relay));
	int ret;

	if (!relay)
		return NULL;
	relay->address = address;
	relay->tcp = choice->request->tcp;
	peer_socket_init(&relay->second);
	ret = relay->tcp ? open_tcp(&relay->sock, address->bound.family,
				    &choice->options) :
			   udp_socket_open(&relay->sock, address->bound.family,
					   &choice->options);
	if (!ret)
		return relay;
	free(relay);
	errno = -ret;
	return NULL;
}

void relay_socket_close(struct relay_socket *relay)
{
	udp_socket_close(&relay->sock);
	/* Only now: whoever claims the port next must be able to bind it. */
	if (relay->port)
		port_pool_put(relay->address->ports, relay->port);
	free(relay);
}

static int bind_port(struct relay_socket *relay, uint16_t port)
{
	struct transport_addr addr = relay->address->bound;
	int ret;

	addr.port = port;
	ret = udp_socket_bind(&relay->sock, &addr);
	if (!ret && relay->tcp && listen(relay->sock.fd, BACKLOG))
		ret = -errno;
	return ret;
}

/* Bind to @port, and @next, if there is one, to the port above. */
static int bind_ports(struct relay_socket *first, struct relay_socket *next,
		      uint16_t port)
{
	int ret = bind_port(first, port);

	if (!ret && next)
		ret = bind_port(next, (uint16_t)(port + 1));
	return ret;
}

/* A socket can be bound once: after half a pair, begin with new ones. */
static int reopen(struct relay_socket *relay, const struct udp_options *options)
{
	udp_socket_close(&relay->sock);
	return udp_socket_open(&relay->sock, relay->address->bound.family,
			       options);
}

static int try_ports(const struct relay_choice *choice,
		     struct relay_socket *first, struct relay_socket *next)
{
	struct port_pool *ports = first->address->ports;
	uint64_t random = choice->random;
	uint32_t start = 0;

	for (int i = 0; i < RANDOM_TRIES + SCAN_TRIES; i++) {
		uint16_t port;
		int ret;

		if (i < RANDOM_TRIES) {
			/* Knuth's MMIX generator: its high bits are good. */
			start = (uint32_t)(random >> 32);
			random = random * 6364136223846793005ULL +
				 1442695040888963407ULL;
		}
		port = port_pool_take(ports, start,
				      choice->request->even_port, next);
		if (!port)
			return -EADDRINUSE;
		ret = bind_ports(first, next, port);
		if (!ret) {
			first->port = port;
			if (next)
				next->port = (uint16_t)(port + 1);
			return 0;
		}
		port_pool_put(ports, port);
		if (next)
			port_pool_put(ports, (uint16_t)(port + 1));
		if (ret != -EADDRINUSE && ret != -EACCES)
			return ret;
		if (next && (ret = reopen(first, &choice->options)))
			return ret;
		start = port_pool_offset(ports, port) + 1;
	}
	return -EADDRINUSE;
}

static int open_on(const struct relay_address *address,
		   const struct relay_choice *choice,
		   struct relay_socket **first, struct relay_socket **next)
{
	bool pair = choice->request->reserve_next;
	int ret;

	*first = relay_socket_new(address, choice);
	if (!*first)
		return -errno;
	*next = pair ? relay_socket_new(address, choice) : NULL;
	ret = pair && !*next ? -errno : try_ports(choice, *first, *next);
	if (!ret)
		return 0;
	relay_socket_close(*first);
	if (*next)
		relay_socket_close(*next);
	return ret;
}

/* Is this the address that the client asked, which is tried before all others? */
static bool is_preferred(const struct relay_address *address,
			const struct relay_choice *choice)
{
	return choice->prefer &&
	       transport_addr_same_ip(&address->bound, choice->prefer);
}

int relay_socket_open(const struct relay_addresses *addresses,
		      const struct relay_choice *choice,
		      struct relay_socket **first, struct relay_socket **next)
{
	const int family = choice->request->family;
	int ret = -EAFNOSUPPORT;
	size_t i;

	for (i = 0; i < addresses->n; i++) {
		const struct relay_address *a = &addresses->v[i];

		if (a->bound.family == family && is_preferred(a, choice)) {
			ret = open_on(a, choice, first, next);
			if (!ret)
				return 0;
		}
	}
	for (i = 0; i < addresses->n; i++) {
		const struct relay_address *a =
			&addresses->v[(choice->turn + i) % addresses->n];

		if (a->bound.family == family && !is_preferred(a, choice)) {
			ret = open_on(a, choice, first, next);
			if (!ret)
				return 0;
		}
	}
	return ret;
}

static int open_at(const struct relay_address *address, uint16_t port,
		   const struct udp_options *options,
		   struct relay_socket **out)
{
	const struct turn_relay_request request = {
		.family = address->bound.family,
	};
	const struct relay_choice choice = {
		.request = &request, .options = *options,
	};
	struct relay_socket *relay;
	int ret;

	if (!port_pool_claim(address->ports, port))
		return -EADDRINUSE;
	relay = relay_socket_new(address, &choice);
	if (!relay) {
		ret = -errno;
		port_pool_put(address->ports, port);
		return ret;
	}
	relay->port = port;
	ret = bind_port(relay, port);
	if (ret)
		relay_socket_close(relay);
	else
		*out = relay;
	return ret;
}

int relay_socket_reopen(const struct relay_addresses *addresses,
			const struct transport_addr *bound,
			const struct udp_options *options,
			struct relay_socket **out)
{
	for (size_t i = 0; i < addresses->n; i++)
		if (transport_addr_same_ip(&addresses->v[i].bound, bound))
			return open_at(&addresses->v[i], bound->port, options,
				       out);
	return -EADDRNOTAVAIL;
}

void relay_socket_describe(struct relay_socket *relay, struct turn_relay *out)
{
	out->handle = relay;
	out->bound = relay->address->bound;
	out->bound.port = relay->port;
	out->relayed = relay->address->relayed;
	out->relayed.port = relay->port;
}
