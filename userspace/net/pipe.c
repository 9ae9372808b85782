// SPDX-License-Identifier: BSD-3-Clause
#include "net/pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/worker_internal.h"

/* Bytes read at a time, and reads in a round: others wait for their turn. */
#define READ_MAX	16384
#define READS_IN_A_ROUND 4

enum side {
	CLIENT,
	PEER,
	SIDES
};

/**
 * struct way - from one side to the other
 * @pipe: the pipe
 * @from: side that is read; the other one is written to
 * @readable: there is something to read; pending while it may be read
 * @writable: of the other side; pending while something waits
 * @resume: reading goes on, after a limit on the rate stopped it
 * @data: what waits, from @start to @end; NULL if nothing does
 * @paused: stopped by that limit
 * @ended: that side has sent all
 * @shut: and the other one has been told
 */
struct way {
	struct pipe *pipe;
	enum side from;
	struct event readable;
	struct event writable;
	struct turn_timer resume;
	uint8_t *data;
	size_t start;
	size_t end;
	bool paused;
	bool ended;
	bool shut;
};

struct pipe {
	struct worker *worker;
	struct client_stream *stream;
	struct stream_socket peer;
	struct turn_connection *connection;
	void (*on_end)(void *arg);
	void *arg;
	struct way ways[SIDES];	/* by the side they come from */
};

static struct stream_socket *socket_of(struct pipe *pipe, enum side side)
{
	return side == CLIENT ? &pipe->stream->out.sock : &pipe->peer;
}

/* Is there something that the other side did not take yet? */
static bool waiting(const struct way *way)
{
	return way->end > way->start ||
	       socket_of(way->pipe, !way->from)->unsent_len;
}

static void forget(struct way *way)
{
	free(way->data);
	way->data = NULL;
	way->start = 0;
	way->end = 0;
}

/* Write as much as goes. Returns 0, or a negative errno: the side is gone. */
static int put(struct way *way, const uint8_t *buf, size_t len, size_t *done)
{
	struct stream_socket *to = socket_of(way->pipe, !way->from);

	*done = 0;
	while (*done < len) {
		const struct iovec iov = {
			.iov_base = (uint8_t *)(uintptr_t)buf + *done,
			.iov_len = len - *done,
		};
		ssize_t sent = to->transport->write(to, &iov, 1);

		if (sent == -EAGAIN)
			return 0;
		if (sent < 0)
			return (int)sent;
		*done += (size_t)sent;
	}
	return 0;
}

/* Until the other side takes it, nothing more is read from this one. */
static int keep(struct way *way, const uint8_t *buf, size_t len)
{
	way->data = malloc(len);
	if (!way->data)
		return -ENOMEM;
	memcpy(way->data, buf, len);
	way->end = len;
	return 0;
}

static int write_waiting(struct way *way)
{
	struct stream_socket *to = socket_of(way->pipe, !way->from);
	size_t done = 0;
	int ret;

	if (way->end > way->start) {
		ret = put(way, way->data + way->start, way->end - way->start,
			  &done);
	} else {
		ret = (int)to->transport->write(to, NULL, 0);
		if (ret == -EAGAIN)
			ret = 0;
	}
	way->start += done;
	if (way->start == way->end)
		forget(way);
	return ret;
}

static void shut(struct way *way)
{
	struct stream_socket *to = socket_of(way->pipe, !way->from);

	way->shut = true;
	to->transport->shutdown(to);
}

static void pause_reading(struct way *way, uint64_t ms, uint64_t now)
{
	if (!ms)
		return;
	way->paused = true;
	turn_timer_set(&way->pipe->worker->streams.timers, &way->resume,
		       now + ms);
}

/* Pass what one read gives. Returns as put(); 1 if there is nothing now. */
static int pass(struct way *way)
{
	struct pipe *pipe = way->pipe;
	struct stream_socket *from = socket_of(pipe, way->from);
	uint8_t *buf = worker_take_buffer(pipe->worker);
	ssize_t got = from->transport->read(from, buf, READ_MAX);
	uint64_t now = worker_now();
	size_t done;
	int ret;

	if (got == -EAGAIN)
		return 1;
	if (got < 0)
		return (int)got;
	way->ended = got == 0;
	if (way->ended)
		return 0;
	pause_reading(way, turn_server_connection_data(pipe->worker->server,
						       pipe->connection,
						       way->from == CLIENT,
						       (size_t)got, now), now);
	ret = put(way, buf, (size_t)got, &done);
	if (!ret && done < (size_t)got)
		ret = keep(way, buf + done, (size_t)got - done);
	return ret;
}

/* As much as may be now. Returns 0, or a negative errno: it is over. */
static int pump(struct way *way)
{
	int ret = 0;

	for (int i = 0; i < READS_IN_A_ROUND && !ret; i++) {
		if (waiting(way))
			ret = write_waiting(way);
		if (ret || waiting(way) || way->paused || way->ended)
			break;
		ret = pass(way);
	}
	if (ret < 0)
		return ret;
	if (way->ended && !way->shut && !waiting(way))
		shut(way);
	/* What a TLS connection holds already, no event tells of. */
	if (!ret && !way->ended && !way->paused && !waiting(way))
		event_active(&way->readable, EV_READ, 0);
	return 0;
}

static int set_event(struct event *event, short kind, bool wanted)
{
	bool pending = event_pending(event, kind, NULL);

	if (wanted == pending)
		return 0;
	return wanted ? event_add(event, NULL) : event_del(event);
}

static int watch(struct way *way)
{
	bool wait = waiting(way);

	return set_event(&way->readable, EV_READ,
			 !wait && !way->paused && !way->ended) ?:
	       set_event(&way->writable, EV_WRITE, wait);
}

/* The way has something to do; the pipe may be gone afterwards. */
static void run(struct way *way)
{
	struct pipe *pipe = way->pipe;

	if (pump(way) || watch(way) ||
	    (pipe->ways[CLIENT].shut && pipe->ways[PEER].shut &&
	     !waiting(&pipe->ways[CLIENT]) && !waiting(&pipe->ways[PEER])))
		pipe->on_end(pipe->arg);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run(arg);
}

static void on_resume(struct turn_timer *timer, uint64_t now)
{
	struct way *way = container_of(timer, struct way, resume);

	(void)now;
	way->paused = false;
	run(way);
}

static int way_init(struct pipe *pipe, enum side from)
{
	struct event_base *base = pipe->worker->base;
	struct way *way = &pipe->ways[from];

	way->pipe = pipe;
	way->from = from;
	if (event_assign(&way->readable, base, socket_of(pipe, from)->fd,
			 EV_READ | EV_PERSIST, on_event, way) ||
	    event_assign(&way->writable, base, socket_of(pipe, !from)->fd,
			 EV_WRITE | EV_PERSIST, on_event, way))
		return -ENOMEM;
	return turn_timer_add(&pipe->worker->streams.timers, &way->resume,
			      on_resume);
}

/* What the client's connection brings along. */
static void take_over(struct pipe *pipe, struct client_stream *stream)
{
	struct way *to_peer = &pipe->ways[CLIENT];
	struct way *to_client = &pipe->ways[PEER];

	to_peer->data = stream->in.held;
	to_peer->end = stream->in.len;
	stream->in = (struct stream_in){ 0 };
	to_client->data = stream->out.data;
	to_client->start = stream->out.start;
	to_client->end = stream->out.end;
	stream->out.data = NULL;
	stream->out.start = 0;
	stream->out.end = 0;
	stream->out.room = 0;
}

struct pipe *pipe_new(struct worker *worker, struct client_stream *stream,
		      int peer, struct turn_connection *connection,
		      void (*ended)(void *arg), void *arg)
{
	struct pipe *pipe = calloc(1, sizeof(*pipe));

	if (!pipe)
		return NULL;
	pipe->worker = worker;
	pipe->stream = stream;
	pipe->peer = (struct stream_socket){
		.fd = peer, .transport = &stream_transport_tcp,
	};
	pipe->connection = connection;
	pipe->on_end = ended;
	pipe->arg = arg;
	if (way_init(pipe, CLIENT))
		goto free_pipe;
	if (way_init(pipe, PEER))
		goto remove_timer;
	take_over(pipe, stream);
	event_active(&pipe->ways[CLIENT].readable, EV_READ, 0);
	event_active(&pipe->ways[PEER].readable, EV_READ, 0);
	return pipe;

remove_timer:
	turn_timer_remove(&worker->streams.timers,
			  &pipe->ways[CLIENT].resume);
free_pipe:
	free(pipe);
	return NULL;
}

void pipe_free(struct pipe *pipe)
{
	struct worker *worker = pipe->worker;

	for (int i = 0; i < SIDES; i++) {
		struct way *way = &pipe->ways[i];

		event_del(&way->readable);
		event_del(&way->writable);
		turn_timer_remove(&worker->streams.timers, &way->resume);
		forget(way);
	}
	stream_discard(worker->setup->streams.connections, pipe->stream);
	free(pipe);
}
