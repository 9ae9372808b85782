// SPDX-License-Identifier: BSD-3-Clause
#include "net/udp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "net/sockaddr.h"
#include "net/socket_option.h"

/* With CAP_NET_ADMIN beyond net.core.rmem_max, otherwise up to it. */
static void set_buffers(int fd, uint32_t bytes)
{
	if (!bytes)
		return;
	if (socket_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)bytes))
		socket_set(fd, SOL_SOCKET, SO_RCVBUF, (int)bytes);
	if (socket_set(fd, SOL_SOCKET, SO_SNDBUFFORCE, (int)bytes))
		socket_set(fd, SOL_SOCKET, SO_SNDBUF, (int)bytes);
}

/*
 * DF clear is the alternate behaviour of RFC 8656, sections 14 and 15, for
 * servers that cannot see the DF bit of what they receive. On IPv6 it lets the
 * kernel fragment by the path MTU that it has learnt; on IPv4 routers do, so
 * that an error about a datagram with DF is reported also when the socket has
 * sent others since (IP_PMTUDISC_DONT would lose it).
 */
void udp_socket_set_df(struct udp_socket *sock, bool df)
{
	if (sock->family == AF_INET)
		socket_set(sock->fd, IPPROTO_IP, IP_MTU_DISCOVER,
			df ? IP_PMTUDISC_DO : IP_PMTUDISC_OMIT);
	else
		socket_set(sock->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
			df ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_WANT);
	sock->df = df;
}

static int report_errors(struct udp_socket *sock)
{
	sock->reports_errors = true;
	return sock->family == AF_INET ?
	       socket_set(sock->fd, IPPROTO_IP, IP_RECVERR, 1) :
	       socket_set(sock->fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
}

int udp_socket_open(struct udp_socket *sock, int family,
		    const struct udp_options *options)
{
	int ret = 0;

	*sock = (struct udp_socket){
		.family = (uint16_t)family,
		.send_first = SEND_NONE,
		.burst = 1,
	};
	sock->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock->fd < 0)
		return -errno;
	if (family == AF_INET6)
		ret = socket_set(sock->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!ret && options->share_port)
		ret = socket_set(sock->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!ret && options->report_errors)
		ret = report_errors(sock);
	/* First of all: which addresses can be bound may depend on it. */
	if (!ret && options->device &&
	    setsockopt(sock->fd, SOL_SOCKET, SO_BINDTODEVICE, options->device,
		       (socklen_t)strlen(options->device)))
		ret = -errno;
	if (ret) {
		udp_socket_close(sock);
		return ret;
	}
	set_buffers(sock->fd, options->buffer);
	udp_socket_set_df(sock, false);
	return 0;
}

int udp_socket_bind(struct udp_socket *sock, const struct transport_addr *addr)
{
	union net_sockaddr sa;
	socklen_t len = net_sockaddr_from(&sa, addr);

	sock->wildcard = net_addr_is_wildcard(addr);
	if (sock->wildcard) {
		int ret = sock->family == AF_INET ?
			socket_set(sock->fd, IPPROTO_IP, IP_PKTINFO, 1) :
			socket_set(sock->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);

		if (ret)
			return ret;
	}
	return bind(sock->fd, &sa.any, len) ? -errno : 0;
}

int udp_socket_share_address(const struct udp_socket *sock, bool share)
{
	return socket_set(sock->fd, SOL_SOCKET, SO_REUSEADDR, share);
}

int udp_socket_connect(struct udp_socket *sock,
		       const struct transport_addr *peer)
{
	union net_sockaddr sa;
	socklen_t len = net_sockaddr_from(&sa, peer);

	if (connect(sock->fd, &sa.any, len))
		return -errno;
	sock->connected = true;
	return 0;
}

void udp_socket_close(struct udp_socket *sock)
{
	if (sock->fd >= 0)
		close(sock->fd);
	sock->fd = -1;
}
