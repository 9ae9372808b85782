// SPDX-License-Identifier: BSD-3-Clause
#include "net/backpressure.h"

#include "net/worker_internal.h"

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	backpressure_release(arg);
}

/* The stream of the client whose allocation this is, or NULL. */
static struct client_stream *client_of(const struct relay_socket *relay)
{
	struct turn_allocation_info info;
	struct client_stream *stream;

	turn_allocation_info(relay->allocation, &info);
	stream = stream_find(&relay->worker->streams, &info.tuple);
	return stream && stream->tuple.transport == info.tuple.transport ?
	       stream : NULL;
}

/* Either of its sockets may be the full one. */
static void wait_for_room(struct relay_socket *relay, int fd)
{
	struct client_stream *stream = client_of(relay);

	if (!stream || stream->paused_by || relay->paused)
		return;
	if (event_assign(&relay->writable, relay->worker->base, fd, EV_WRITE,
			 on_writable, relay) ||
	    event_add(&relay->writable, NULL))
		return;
	relay->paused = stream;
	stream_pause(stream, relay);
}

void backpressure_apply(struct worker *worker)
{
	struct udp_socket *sock;

	while ((sock = send_queue_full(worker->queue)))
		/* One of a relay that was closed meanwhile has none. */
		if (sock->relay && sock->relay->allocation)
			wait_for_room(sock->relay, sock->fd);
}

void backpressure_release(struct relay_socket *relay)
{
	struct client_stream *stream = relay->paused;

	if (!stream)
		return;
	event_del(&relay->writable);
	relay->paused = NULL;
	stream_resume(stream);
}
