// SPDX-License-Identifier: BSD-3-Clause
#include "net/tcp_listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sockaddr.h"
#include "net/socket_option.h"
#include "net/stream.h"
#include "net/worker_internal.h"

/* Connections accepted in a round, so that packets get their turn. */
#define ACCEPT_BURST 16

/* Milliseconds without accepting, where there is no descriptor or memory. */
#define PAUSE_MS 250

/* Connections that the kernel holds ready; it keeps to net.core.somaxconn. */
#define BACKLOG 4096

static int open_socket(int family, const char *device)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return -errno;
	/* A server that starts again meets its old connections' last state. */
	ret = socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!ret && family == AF_INET6)
		ret = socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!ret && device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
		       (socklen_t)strlen(device)))
		ret = -errno;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/*
 * Connections inherit all this. What waits belongs in the stream's own queue,
 * which knows where messages end, not in the kernel's, which would hold
 * megabytes of old media: so that takes little more than is on its way.
 */
static int prepare(int fd, const struct worker_setup *setup)
{
	uint32_t buffer = setup->udp.buffer;
	int ret = socket_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);

	if (!ret)
		ret = socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (!ret)
		ret = socket_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
			      (int)setup->streams.queue_limit);
	if (!ret)
		ret = socket_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (buffer && !ret)
		ret = socket_set(fd, SOL_SOCKET, SO_RCVBUF, (int)buffer) ?:
		      socket_set(fd, SOL_SOCKET, SO_SNDBUF, (int)buffer);
	return ret;
}

static int bind_to(int fd, const struct transport_addr *addr)
{
	union net_sockaddr sa;
	socklen_t len = net_sockaddr_from(&sa, addr);

	return bind(fd, &sa.any, len) ? -errno : 0;
}

static void on_resume(struct turn_timer *timer, uint64_t now)
{
	struct tcp_listener *listener =
		container_of(timer, struct tcp_listener, resume);

	if (event_add(&listener->acceptable, NULL))
		turn_timer_set(&listener->worker->streams.timers, timer,
			       now + PAUSE_MS);
}

/* Without a descriptor the event would come again and again. */
static void pause_listening(struct tcp_listener *listener, int error)
{
	struct worker *worker = listener->worker;

	net_log(&worker->setup->log, TURN_LOG_WARNING,
		"worker %u cannot take connections for a moment: %s",
		worker->number, strerror(error));
	event_del(&listener->acceptable);
	turn_timer_set(&worker->streams.timers, &listener->resume,
		       worker_now() + PAUSE_MS);
}

/* Its 5-tuple; false if the connection is gone already. */
static bool find_tuple(const struct tcp_listener *listener, int fd,
		       const union net_sockaddr *from,
		       struct turn_5tuple *tuple)
{
	union net_sockaddr local = { .in6 = { 0 } };
	socklen_t len = sizeof(local);

	tuple->transport = TURN_TCP;
	net_sockaddr_to(from, &tuple->client);
	tuple->server = listener->addr;
	if (!net_addr_is_wildcard(&listener->addr))
		return true;
	if (getsockname(fd, &local.any, &len))
		return false;
	net_sockaddr_to(&local, &tuple->server);
	return true;
}

/* Errors of a connection that ended before it was accepted: see accept(2). */
static bool is_local(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_listener *listener = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_BURST; i++) {
		struct turn_5tuple tuple;
		union net_sockaddr from = { .in6 = { 0 } };
		socklen_t len = sizeof(from);
		int client = accept4(fd, &from.any, &len,
				     SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client < 0 && errno == EAGAIN)
			return;
		if (client < 0 && is_local(errno)) {
			pause_listening(listener, errno);
			return;
		}
		if (client < 0)
			continue;
		if (find_tuple(listener, client, &from, &tuple))
			stream_accept(listener->worker, client, &tuple,
				      listener->ways);
		else
			close(client);
	}
}

static int attach(struct tcp_listener *listener)
{
	struct worker *worker = listener->worker;
	struct turn_timers *timers = &worker->streams.timers;

	if (turn_timer_add(timers, &listener->resume, on_resume))
		return -ENOMEM;
	if (!event_assign(&listener->acceptable, worker->base, listener->fd,
			  EV_READ | EV_PERSIST, on_acceptable, listener) &&
	    !event_add(&listener->acceptable, NULL))
		return 0;
	turn_timer_remove(timers, &listener->resume);
	return -ENOMEM;
}

int tcp_listener_new(struct worker *worker, const struct transport_addr *addr,
		     unsigned int ways, struct tcp_listener **out)
{
	const struct worker_setup *setup = worker->setup;
	struct tcp_listener *listener = calloc(1, sizeof(*listener));
	int ret;

	if (!listener)
		return -ENOMEM;
	listener->worker = worker;
	listener->addr = *addr;
	listener->ways = ways;
	listener->fd = open_socket(addr->family, setup->listen_device);
	if (listener->fd < 0) {
		ret = listener->fd;
		free(listener);
		return ret;
	}
	ret = prepare(listener->fd, setup) ?:
	      bind_to(listener->fd, addr);
	if (!ret && listen(listener->fd, BACKLOG))
		ret = -errno;
	if (!ret)
		ret = attach(listener);
	if (ret) {
		close(listener->fd);
		free(listener);
		return ret;
	}
	*out = listener;
	return 0;
}

void tcp_listener_free(struct tcp_listener *listener)
{
	turn_timer_remove(&listener->worker->streams.timers,
			  &listener->resume);
	event_del(&listener->acceptable);
	close(listener->fd);
	free(listener);
}

int tcp_listener_probe(const struct transport_addr *addr, const char *device)
{
	int fd = open_socket(addr->family, device);
	int ret;

	if (fd < 0)
		return fd;
	ret = bind_to(fd, addr);
	close(fd);
	return ret;
}
