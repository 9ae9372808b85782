// SPDX-License-Identifier: BSD-3-Clause
#include "net/peer_socket.h"

#include <errno.h>
#include <sys/resource.h>

#include "net/worker_internal.h"

/*
 * Datagrams in a row to one peer. Connectivity checks go to several in turn;
 * opening the socket costs as much as it saves on a dozen datagrams. To go from
 * one peer to another and back costs, too, so that takes more.
 */
#define OPEN_AFTER	4
#define MOVE_AFTER	64

void peer_socket_init(struct peer_socket *second)
{
	second->sock.fd = -1;
	second->sock.send_first = SEND_NONE;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct relay_socket *relay = arg;

	(void)fd;
	(void)what;
	worker_read_peers(relay, &relay->second.sock);
}

void peer_socket_detach(struct relay_socket *relay)
{
	if (relay->second.sock.fd >= 0)
		event_del(&relay->second.readable);
}

int peer_socket_attach(struct relay_socket *relay)
{
	struct peer_socket *second = &relay->second;

	if (second->sock.fd < 0)
		return 0;
	return event_assign(&second->readable, relay->worker->base,
			    second->sock.fd, EV_READ | EV_PERSIST, on_readable,
			    relay) ||
	       event_add(&second->readable, NULL) ? -ENOMEM : 0;
}

void peer_socket_close(struct peer_socket *second)
{
	if (second->sock.fd >= 0)
		event_del(&second->readable);
	udp_socket_close(&second->sock);
}

/* The upper half of the descriptors is for allocations alone. */
static bool descriptor_to_spare(int fd)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_NOFILE, &limit) &&
	       (rlim_t)fd < limit.rlim_cur / 2;
}

/*
 * An address that is in use can be bound a second time only if both sockets
 * allow it at that moment. They do for no longer, lest others join.
 */
static int bind_beside(struct udp_socket *sock, struct udp_socket *first,
		       const struct transport_addr *addr)
{
	int ret = udp_socket_share_address(first, true);

	if (!ret)
		ret = udp_socket_share_address(sock, true);
	if (!ret)
		ret = udp_socket_bind(sock, addr);
	udp_socket_share_address(first, false);
	udp_socket_share_address(sock, false);
	return ret;
}

static int open_second(struct relay_socket *relay,
		       const struct transport_addr *peer)
{
	struct worker *worker = relay->worker;
	struct transport_addr addr = relay->address->bound;
	struct peer_socket *second = &relay->second;
	struct udp_socket sock;
	int ret;

	addr.port = relay->port;
	ret = udp_socket_open(&sock, addr.family, &worker->setup->udp);
	if (ret)
		return ret;
	if (!descriptor_to_spare(sock.fd))
		ret = -EMFILE;
	if (!ret)
		ret = bind_beside(&sock, &relay->sock, &addr);
	if (!ret)
		ret = udp_socket_connect(&sock, peer);
	if (ret) {
		udp_socket_close(&sock);
		return ret;
	}
	second->sock = sock;
	second->sock.relay = relay;
	ret = peer_socket_attach(relay);
	if (ret)
		udp_socket_close(&second->sock);
	return ret;
}

/* What is queued is for the peer before. */
static int move_second(struct relay_socket *relay,
		       const struct transport_addr *peer)
{
	struct udp_socket *sock = &relay->second.sock;

	if (sock->send_first != SEND_NONE)
		send_queue_flush(relay->worker->queue);
	return udp_socket_connect(sock, peer);
}

/*
 * After a failure (no descriptor, no route) the streak goes on: by the time its
 * counter has come round it may be tried again.
 */
struct udp_socket *peer_socket_choose(struct relay_socket *relay,
				      const struct transport_addr *peer)
{
	struct peer_socket *second = &relay->second;
	bool is_open = second->sock.fd >= 0;

	if (is_open && transport_addr_equal(&second->peer, peer)) {
		second->streak = 0;
		return &second->sock;
	}
	if (!transport_addr_equal(&second->other, peer)) {
		second->other = *peer;
		second->streak = 0;
	}
	if (++second->streak != (is_open ? MOVE_AFTER : OPEN_AFTER) ||
	    (is_open ? move_second(relay, peer) : open_second(relay, peer)))
		return &relay->sock;
	second->peer = *peer;
	return &second->sock;
}
