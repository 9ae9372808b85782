// SPDX-License-Identifier: BSD-3-Clause
#include "net/listener.h"

#include <errno.h>
#include <stdlib.h>

#include "net/dtls_hello.h"
#include "net/worker_internal.h"

/* By its first byte: RFC 7983. */
static void handle(struct listener *listener, struct turn_5tuple *tuple,
		   const struct datagram *datagram, uint64_t now)
{
	struct worker *worker = listener->worker;

	if (listener->ways & LISTEN_DTLS &&
	    dtls_is_record(datagram->buf, datagram->len)) {
		tuple->transport = TURN_DTLS;
		dtls_receive(&worker->dtls, tuple, datagram->buf,
			     datagram->len, RECEIVE_DATAGRAM_MAX, now);
	} else if (listener->ways & LISTEN_UDP) {
		tuple->transport = TURN_UDP;
		turn_server_datagram(worker->server, tuple, datagram->buf,
				     datagram->len, now);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;
	struct worker *worker = listener->worker;
	struct turn_5tuple tuple = { 0 };
	struct datagram datagram;
	unsigned int first, count, i;
	uint64_t now;

	(void)fd;
	(void)what;
	count = worker_receive(worker, &listener->sock, &first);
	now = worker_now();
	worker->asked_at = &tuple.server;
	for (i = first; i < first + count; i++) {
		if (!receive_get(worker->pool, i, &datagram))
			continue;
		tuple.client = datagram.from;
		tuple.server = listener->addr;
		if (listener->sock.wildcard) {
			tuple.server = datagram.to;
			tuple.server.port = listener->addr.port;
		}
		handle(listener, &tuple, &datagram, now);
	}
	worker->asked_at = NULL;
}

int listener_new(struct worker *worker, const struct transport_addr *addr,
		 unsigned int ways, struct listener **out)
{
	struct udp_options options = worker->setup->udp;
	struct listener *listener = calloc(1, sizeof(*listener));
	int ret;

	if (!listener)
		return -ENOMEM;
	listener->worker = worker;
	listener->addr = *addr;
	listener->ways = ways;
	options.share_port = true;
	options.report_errors = false;
	options.device = worker->setup->listen_device;
	ret = udp_socket_open(&listener->sock, addr->family, &options);
	if (ret) {
		free(listener);
		return ret;
	}
	ret = udp_socket_bind(&listener->sock, addr);
	if (!ret && (event_assign(&listener->readable, worker->base,
				  listener->sock.fd, EV_READ | EV_PERSIST,
				  on_readable, listener) ||
		     event_add(&listener->readable, NULL)))
		ret = -ENOMEM;
	if (ret) {
		udp_socket_close(&listener->sock);
		free(listener);
		return ret;
	}
	*out = listener;
	return 0;
}

void listener_free(struct listener *listener)
{
	event_del(&listener->readable);
	udp_socket_close(&listener->sock);
	free(listener);
}

bool listener_serves(const struct listener *listener,
		     const struct transport_addr *local)
{
	if (listener->sock.wildcard)
		return listener->addr.family == local->family &&
		       listener->addr.port == local->port;
	return transport_addr_equal(&listener->addr, local);
}

int listener_probe(const struct transport_addr *addr, const char *device)
{
	struct udp_socket sock;
	struct udp_options options = { .device = device };
	int ret = udp_socket_open(&sock, addr->family, &options);

	if (ret)
		return ret;
	ret = udp_socket_bind(&sock, addr);
	udp_socket_close(&sock);
	return ret;
}
