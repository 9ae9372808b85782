// SPDX-License-Identifier: BSD-3-Clause
#include "net/peer_connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/connections.h"
#include "net/pipe.h"
#include "net/sockaddr.h"
#include "net/socket_option.h"
#include "net/worker_internal.h"

/* Connections accepted in a round, so that packets get their turn. */
#define ACCEPT_BURST 16

/**
 * struct peer_connection - a connection with a peer
 * @worker: its worker
 * @connection: the core's
 * @fd: the socket
 * @connected: its event, until the peer has answered
 * @pipe: to the client, once that is bound
 */
struct peer_connection {
	struct worker *worker;
	struct turn_connection *connection;
	int fd;
	struct event connected;
	struct pipe *pipe;
};

/* A client's connection on its way to the worker that has the peer's. */
struct move {
	struct client_stream *stream;
	struct connections *connections;
	struct worker *owner;
	uint32_t id;
};

static void tune(int fd)
{
	/* Without these it works as well, only later or longer. */
	socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	socket_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

static struct peer_connection *connection_new(struct worker *worker, int fd)
{
	struct peer_connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->worker = worker;
	c->fd = fd;
	tune(fd);
	return c;
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct peer_connection *c = arg;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)what;
	event_del(&c->connected);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	/* If it failed, it is closed in there. */
	turn_server_peer_connected(c->worker->server, c->connection, -error,
				   worker_now());
}

/* The relay listens at this address: the port has to be shared with it. */
static int open_socket(const struct worker *worker,
		       const struct relay_socket *relay)
{
	struct transport_addr addr = relay->address->bound;
	union net_sockaddr sa;
	int fd = tcp_relay_open(addr.family, &worker->setup->udp);
	int ret;

	if (fd < 0)
		return fd;
	addr.port = relay->port;
	if (!bind(fd, &sa.any, net_sockaddr_from(&sa, &addr)))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static int begin(struct peer_connection *c, const struct transport_addr *peer)
{
	union net_sockaddr sa;
	socklen_t len = net_sockaddr_from(&sa, peer);

	if (connect(c->fd, &sa.any, len) && errno != EINPROGRESS)
		return -errno;
	if (event_assign(&c->connected, c->worker->base, c->fd, EV_WRITE,
			 on_connected, c) ||
	    event_add(&c->connected, NULL))
		return -ENOMEM;
	return 0;
}

int peer_connection_begin(struct worker *worker,
			  const struct relay_socket *relay,
			  const struct transport_addr *peer,
			  struct turn_connection *connection, void **handle)
{
	int fd = open_socket(worker, relay), ret;
	struct peer_connection *c;

	if (fd < 0)
		return fd;
	c = connection_new(worker, fd);
	ret = c ? begin(c, peer) : -ENOMEM;
	if (ret) {
		close(fd);
		free(c);
		return ret;
	}
	c->connection = connection;
	*handle = c;
	return 0;
}

static void accepted(struct relay_socket *relay, int fd,
		     const struct transport_addr *peer)
{
	struct worker *worker = relay->worker;
	struct peer_connection *c = connection_new(worker, fd);

	if (c)
		c->connection = turn_server_peer_accepted(worker->server,
							  relay->allocation,
							  peer, c,
							  worker_now());
	if (!c || !c->connection) {
		close(fd);
		free(c);
	}
}

void peer_connection_accept(struct relay_socket *relay)
{
	for (int i = 0; i < ACCEPT_BURST && relay->allocation; i++) {
		struct transport_addr peer;
		union net_sockaddr from = { 0 };
		socklen_t len = sizeof(from);
		int fd = accept4(relay->sock.fd, &from.any, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno != ECONNABORTED)
			return;
		if (fd < 0)
			continue;
		net_sockaddr_to(&from, &peer);
		accepted(relay, fd, &peer);
	}
}

void peer_connection_close(void *handle)
{
	struct peer_connection *c = handle;

	if (event_initialized(&c->connected))
		event_del(&c->connected);
	if (c->pipe)
		pipe_free(c->pipe);
	close(c->fd);
	free(c);
}

static void on_pipe_ended(void *arg)
{
	struct peer_connection *c = arg;

	turn_server_connection_closed(c->worker->server, c->connection);
	peer_connection_close(c);
}

/* On the thread of the worker that has the connection with the peer. */
static void bind_here(struct worker *worker, void *arg)
{
	struct move *move = arg;
	struct turn_connection *connection = NULL;
	struct peer_connection *c;

	c = turn_server_connection_bound(worker->server, move->id,
					 &connection);
	/* The client's may have ended before it got here. */
	if (c && move->stream)
		c->pipe = pipe_new(worker, move->stream, c->fd, connection,
				   on_pipe_ended, c);
	if (move->stream && (!c || !c->pipe))
		stream_discard(move->connections, move->stream);
	if (c && !c->pipe)
		on_pipe_ended(c);
	free(move);
}

static void send_on(struct client_stream *stream, void *arg)
{
	struct move *move = arg;

	move->stream = stream;
	/* It has come to something, so it is none of those that do not. */
	if (stream && !stream->serving)
		stream->serving = connections_serve(move->connections,
						    &stream->tuple.client,
						    true);
	if (worker_post(move->owner, bind_here, move)) {
		if (stream)
			stream_discard(move->connections, stream);
		free(move);
	}
}

void peer_connection_move(struct worker *worker,
			  const struct turn_5tuple *tuple,
			  struct worker *owner, uint32_t id)
{
	struct client_stream *stream = stream_find(&worker->streams, tuple);
	struct move *move;

	if (!stream)
		return;
	move = malloc(sizeof(*move));
	if (!move) {
		/* It will be closed for having no allocation. */
		net_log(&worker->setup->log, TURN_LOG_ERROR,
			"worker %u: out of memory: a data connection is lost",
			worker->number);
		return;
	}
	*move = (struct move){
		.connections = worker->setup->streams.connections,
		.owner = owner,
		.id = id,
	};
	stream_hand_over(stream, send_on, move);
}
