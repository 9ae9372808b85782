// SPDX-License-Identifier: BSD-3-Clause
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "net/backpressure.h"
#include "net/connections.h"
#include "net/worker_internal.h"

/*
 * Bytes read from a connection in a round: a client that sends much has to
 * wait for the others, and for what it sent to be relayed.
 */
#define READ_MAX 16384

/* ContentType of TLS: RFC 8446, section 5.1 */
#define TLS_HANDSHAKE 22

/* Timers fired at a time, so that packets get their turn. */
#define TICK_MAX 256

_Static_assert(RECEIVE_BUFFER_SIZE >= STREAM_MESSAGE_MAX + 3,
	       "the longest message, padded, has to fit a buffer");

static const char *const end_names[STREAM_END_COUNT] = {
	[STREAM_END_CLIENT] = "client",
	[STREAM_END_NETWORK] = "network",
	[STREAM_END_NOT_TURN] = "not-turn",
	[STREAM_END_HANDSHAKE] = "handshake",
	[STREAM_END_TOO_LONG] = "too-long",
	[STREAM_END_IDLE] = "idle",
	[STREAM_END_SLOW] = "slow",
	[STREAM_END_SERVER] = "server",
	[STREAM_END_TOO_MANY] = "too-many",
	[STREAM_END_SOURCE] = "too-many-of-source",
	[STREAM_END_RATE] = "too-many-handshakes",
};

const char *stream_end_name(enum stream_end why)
{
	return end_names[why];
}

static void add(uint64_t *counter, int n)
{
	__atomic_store_n(counter, *counter + (uint64_t)n, __ATOMIC_RELAXED);
}

int streams_init(struct streams *streams)
{
	LIST_INIT(&streams->list);
	streams->queue = stream_queue_new();
	if (!streams->queue || turn_table_init(&streams->by_tuple))
		return -ENOMEM;
	if (getrandom(&streams->secret, sizeof(streams->secret), 0) !=
	    (ssize_t)sizeof(streams->secret))
		return -EIO;
	return 0;
}

/* A connection is found before it is known what is spoken over it. */
#define KEY_LEN offsetof(struct turn_5tuple, transport)

static uint64_t tuple_hash(const struct streams *streams,
			   const struct turn_5tuple *tuple)
{
	return turn_table_hash(&streams->secret, tuple, KEY_LEN);
}

struct client_stream *stream_find(const struct streams *streams,
				  const struct turn_5tuple *tuple)
{
	struct turn_table_node *n;

	for (n = turn_table_first(&streams->by_tuple,
				  tuple_hash(streams, tuple));
	     n; n = turn_table_next(n)) {
		struct client_stream *stream =
			container_of(n, struct client_stream, by_tuple);

		if (!memcmp(&stream->tuple, tuple, KEY_LEN))
			return stream;
	}
	return NULL;
}

/* Nobody finds it any more, and nothing happens to it by itself. */
static void leave_worker(struct client_stream *stream)
{
	struct streams *streams = &stream->worker->streams;

	stream_queue_flush(streams->queue);
	turn_table_remove(&streams->by_tuple, &stream->by_tuple);
	LIST_REMOVE(stream, link);
	turn_timer_remove(&streams->timers, &stream->timer);
	if (stream->paused_by)
		backpressure_release(stream->paused_by);
	event_del(&stream->readable);
	stream_out_detach(&stream->out);
	add(&streams->stats.open, -1);
	stream->worker = NULL;
}

void stream_discard(struct connections *connections,
		    struct client_stream *stream)
{
	connections_leave(connections, &stream->tuple.client,
			  stream->serving);
	stream_in_free(&stream->in);
	stream_out_free(&stream->out);
	stream->out.sock.transport->close(&stream->out.sock);
	free(stream);
}

/* Close it. Not from within the protocol core. */
static void end(struct client_stream *stream, enum stream_end why)
{
	struct worker *worker = stream->worker;
	const struct worker_setup *setup = worker->setup;
	stream_taker *taker = stream->taker;
	void *taker_arg = stream->taker_arg;
	char text[TRANSPORT_ADDR_STRLEN];

	net_log(&setup->log, TURN_LOG_DEBUG,
		"worker %u: connection of %s ended: %s", worker->number,
		transport_addr_print(&stream->tuple.client, text),
		end_names[why]);
	add(&worker->streams.stats.ended[why], 1);
	turn_server_client_gone(worker->server, &stream->tuple);
	leave_worker(stream);
	stream_discard(setup->streams.connections, stream);
	if (taker)
		taker(NULL, taker_arg);
}

void streams_free(struct streams *streams)
{
	struct client_stream *stream, *next;

	for (stream = LIST_FIRST(&streams->list); stream; stream = next) {
		struct connections *connections =
			stream->worker->setup->streams.connections;

		next = LIST_NEXT(stream, link);
		leave_worker(stream);
		stream_discard(connections, stream);
	}
	turn_table_free(&streams->by_tuple);
	turn_timers_free(&streams->timers);
	stream_queue_free(streams->queue);
}

static enum stream_end end_of_error(int error)
{
	switch (-error) {
	case EBADMSG:
		return STREAM_END_NOT_TURN;
	case EMSGSIZE:
		return STREAM_END_TOO_LONG;
	case ECONNABORTED:
		return STREAM_END_HANDSHAKE;
	case EDQUOT:
		return STREAM_END_RATE;
	case ENOBUFS:
		return STREAM_END_SLOW;
	case ENOMEM:
		return STREAM_END_SERVER;
	default:
		return STREAM_END_NETWORK;
	}
}

void streams_end_failed(struct worker *worker)
{
	struct stream_out *out;

	while ((out = stream_queue_failed(worker->streams.queue)))
		end(container_of(out, struct client_stream, out),
		    end_of_error(out->error));
}

/* Does it have an allocation? It begins and ends in the protocol core. */
static bool look_for_allocation(struct client_stream *stream, uint64_t now)
{
	const struct worker *worker = stream->worker;
	bool serving = turn_server_has_client(worker->server, &stream->tuple,
					      now);

	if (serving != stream->serving)
		stream->serving = connections_serve(
			worker->setup->streams.connections,
			&stream->tuple.client, serving);
	return serving;
}

static void set_timer(struct client_stream *stream, uint64_t now,
		      uint64_t timeout)
{
	turn_timer_set(&stream->worker->streams.timers, &stream->timer,
		       now + timeout);
}

static uint64_t allocate_timeout(const struct client_stream *stream)
{
	return stream->worker->setup->streams.allocate_timeout;
}

/*
 * A connection that has lost its allocation is looked at as if it had just
 * begun: it ends between one and two timeouts later. That goes for one that has
 * just made its handshake, too.
 */
static void on_timer(struct turn_timer *timer, uint64_t now)
{
	struct client_stream *stream =
		container_of(timer, struct client_stream, timer);
	const struct stream_socket *sock = &stream->out.sock;
	bool again = stream->serving || stream->shaking;

	if (!sock->transport->ready(sock)) {
		end(stream, STREAM_END_HANDSHAKE);
		return;
	}
	stream->shaking = false;
	if (look_for_allocation(stream, now) || again)
		set_timer(stream, now, allocate_timeout(stream));
	else
		end(stream, STREAM_END_IDLE);
}

void streams_tick(struct streams *streams, uint64_t now)
{
	for (int i = 0; i < TICK_MAX; i++)
		if (!turn_timers_fire(&streams->timers, now))
			return;
}

void stream_hand_over(struct client_stream *stream, stream_taker *taker,
		      void *arg)
{
	stream->taker = taker;
	stream->taker_arg = arg;
}

/*
 * Handle the messages in a buffer, in place, and keep the piece at its end.
 * Returns 0, or a negative errno for a stream that is none of ours.
 */
static int handle(struct client_stream *stream, uint8_t *buf, size_t len)
{
	struct worker *worker = stream->worker;
	bool rfc5766 = turn_server_config(worker->server)->rfc5766_channels;
	uint64_t now = worker_now();
	ssize_t frame = 0;
	size_t at = 0;

	worker->asked_at = &stream->tuple.server;
	while (at < len && !stream->taker) {
		frame = stream_in_next(buf + at, len - at, stream->serving ?
				       STREAM_MESSAGE_MAX : STREAM_REQUEST_MAX,
				       rfc5766);
		if (frame <= 0)
			break;
		turn_server_datagram(worker->server, &stream->tuple, buf + at,
				     (size_t)frame, now);
		at += (size_t)frame;
	}
	worker->asked_at = NULL;
	return frame < 0 ? (int)frame :
	       stream_in_keep(&stream->in, buf + at, len - at);
}

static void hand_over(struct client_stream *stream)
{
	stream_taker *taker = stream->taker;

	stream_queue_flush(stream->worker->streams.queue);
	if (stream->out.error) {
		end(stream, end_of_error(stream->out.error));
		return;
	}
	leave_worker(stream);
	stream->taker = NULL;
	taker(stream, stream->taker_arg);
}

/* A handshake costs more than anything else that a stranger can ask for. */
static int begin_tls(struct client_stream *stream)
{
	struct worker *worker = stream->worker;
	const struct stream_options *options = &worker->setup->streams;
	uint64_t now = worker_now();
	SSL *ssl;

	if (!connections_handshake(options->connections,
				   &stream->tuple.client, now))
		return -EDQUOT;
	ssl = tls_context_new_stream(worker->tls);
	if (!ssl || stream_tls_begin(&stream->out.sock, ssl))
		return -ENOMEM;
	stream->tuple.transport = TURN_TLS;
	stream->shaking = true;
	set_timer(stream, now, options->handshake_timeout);
	return 0;
}

/*
 * TLS begins with its record type, handshake: no message of ours does
 * (RFC 7983). So both are served at any port, as far as both are wanted.
 */
static int choose_transport(struct client_stream *stream)
{
	unsigned int ways = stream->ways;
	uint8_t first;
	ssize_t got = recv(stream->out.sock.fd, &first, 1,
			   MSG_PEEK | MSG_DONTWAIT);

	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	stream->ways = 0;
	if (got && first == TLS_HANDSHAKE)
		return ways & LISTEN_TLS ? begin_tls(stream) : -EBADMSG;
	return !got || ways & LISTEN_TCP ? 0 : -EBADMSG;
}

static ssize_t read_some(struct client_stream *stream, uint8_t *buf,
			 size_t len)
{
	struct stream_socket *sock = &stream->out.sock;
	int ret = stream->ways ? choose_transport(stream) : 0;

	return ret ? ret : sock->transport->read(sock, buf, len);
}

/* Come back for what no event of the descriptor tells. */
static void read_on(struct client_stream *stream)
{
	if (stream->out.sock.more && !stream->paused_by)
		event_active(&stream->readable, EV_READ, 0);
	stream_out_arm(stream->worker->streams.queue, &stream->out);
}

void stream_pause(struct client_stream *stream, struct relay_socket *by)
{
	stream->paused_by = by;
	event_del(&stream->readable);
}

void stream_resume(struct client_stream *stream)
{
	stream->paused_by = NULL;
	if (event_add(&stream->readable, NULL))
		stream_out_fail(stream->worker->streams.queue, &stream->out,
				-ENOMEM);
	else
		read_on(stream);
}

void stream_reply(struct client_stream *stream, const uint8_t *buf, size_t len)
{
	/* Now: a client that knows of its allocation may connect again. */
	if (!stream->serving)
		look_for_allocation(stream, worker_now());
	stream_queue_reply(stream->worker->streams.queue, &stream->out, buf,
			   len);
}

void stream_again(struct client_stream *stream, uint8_t *buf, size_t len)
{
	struct worker *worker = stream->worker;

	worker->asked_at = &stream->tuple.server;
	turn_server_datagram(worker->server, &stream->tuple, buf, len,
			     worker_now());
	worker->asked_at = NULL;
	if (stream->taker)
		hand_over(stream);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client_stream *stream = arg;
	uint8_t *buf = worker_take_buffer(stream->worker);
	size_t len = stream_in_begin(&stream->in, buf), room = READ_MAX;
	ssize_t got;
	int ret = 0;

	(void)fd;
	(void)what;
	if (room > RECEIVE_BUFFER_SIZE - len)
		room = RECEIVE_BUFFER_SIZE - len;
	got = read_some(stream, buf + len, room);
	if (got > 0)
		len += (size_t)got;
	if (len)
		ret = handle(stream, buf, len);
	if (ret)
		end(stream, end_of_error(ret));
	else if (got == 0)
		end(stream, STREAM_END_CLIENT);
	else if (got < 0 && got != -EAGAIN)
		end(stream, end_of_error((int)got));
	else if (stream->taker)
		hand_over(stream);
	else
		read_on(stream);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct client_stream *stream = arg;

	(void)fd;
	(void)what;
	stream_out_resume(stream->worker->streams.queue, &stream->out);
}

/* Become part of a worker; undone by leave_worker(). */
static int join_worker(struct client_stream *stream, struct worker *worker)
{
	struct streams *streams = &worker->streams;
	struct client_stream *before = stream_find(streams, &stream->tuple);

	/* The kernel knew that it is gone before we did. */
	if (before)
		end(before, STREAM_END_NETWORK);
	if (event_assign(&stream->readable, worker->base, stream->out.sock.fd,
			 EV_READ | EV_PERSIST, on_readable, stream) ||
	    turn_timer_add(&streams->timers, &stream->timer, on_timer))
		return -ENOMEM;
	if (stream_out_attach(&stream->out, worker->base, on_writable,
			      stream) ||
	    event_add(&stream->readable, NULL)) {
		turn_timer_remove(&streams->timers, &stream->timer);
		return -ENOMEM;
	}
	stream->worker = worker;
	turn_table_insert(&streams->by_tuple, &stream->by_tuple,
			  tuple_hash(streams, &stream->tuple));
	LIST_INSERT_HEAD(&streams->list, stream, link);
	add(&streams->stats.open, 1);
	set_timer(stream, worker_now(), allocate_timeout(stream));
	return 0;
}

static enum stream_end end_of_refusal(int error)
{
	return error == -EUSERS ? STREAM_END_TOO_MANY :
	       error == -EDQUOT ? STREAM_END_SOURCE : STREAM_END_SERVER;
}

/* Operators want to know which option to raise, or whom to look at. */
static void say_refused(const struct worker *worker,
			const struct transport_addr *client, int error)
{
	char text[TRANSPORT_ADDR_STRLEN];

	net_log(&worker->setup->log, TURN_LOG_WARNING,
		"connection of %s refused: %s",
		transport_addr_print(client, text),
		error == -EUSERS ? "too many connections (max-connections)" :
		error == -EDQUOT ?
		"too many without an allocation from there (max-idle-connections)" :
		"out of memory");
}

void stream_accept(struct worker *worker, int fd,
		   const struct turn_5tuple *tuple, unsigned int ways)
{
	const struct stream_options *options = &worker->setup->streams;
	struct stream_stats *stats = &worker->streams.stats;
	struct client_stream *stream;
	int ret = connections_enter(options->connections, &tuple->client);

	if (ret) {
		say_refused(worker, &tuple->client, ret);
		add(&stats->ended[end_of_refusal(ret)], 1);
		close(fd);
		return;
	}
	stream = calloc(1, sizeof(*stream));
	if (!stream) {
		connections_leave(options->connections, &tuple->client, false);
		add(&stats->ended[STREAM_END_SERVER], 1);
		close(fd);
		return;
	}
	stream->tuple = *tuple;
	stream->ways = ways;
	stream->out.sock.fd = fd;
	stream->out.sock.transport = &stream_transport_tcp;
	stream_out_init(&stream->out, options->queue_limit);
	add(&stats->accepted, 1);
	if (join_worker(stream, worker)) {
		add(&stats->ended[STREAM_END_SERVER], 1);
		stream_discard(options->connections, stream);
	}
}
