// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the protocol core asks for, done with a worker's sockets: struct
 * turn_ops with a struct worker as its environment.
 */
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "net/backpressure.h"
#include "net/peer_connection.h"
#include "net/socket_error.h"
#include "net/worker_internal.h"

static void fill_random(void *env, void *buf, size_t len)
{
	uint8_t *p = buf;

	(void)env;
	while (len) {
		ssize_t got = getrandom(p, len, 0);

		/* Only EINTR is possible, once the system is up. */
		if (got < 0)
			continue;
		p += got;
		len -= (size_t)got;
	}
}

static uint64_t wall_time(void *env)
{
	(void)env;
	return (uint64_t)time(NULL);
}

static int relay_open(void *env, const struct turn_relay_request *request,
		      struct turn_relay *relay, struct turn_relay *next)
{
	struct worker *worker = env;
	struct relay_socket *first, *second;
	struct relay_choice choice = {
		.request = request,
		.prefer = worker->asked_at,
		.turn = worker->relay_turn++,
		.options = worker->setup->udp,
	};
	int ret;

	fill_random(env, &choice.random, sizeof(choice.random));
	ret = relay_socket_open(&worker->setup->relays, &choice, &first,
				&second);
	if (ret)
		return ret;
	relay_socket_describe(first, relay);
	if (second)
		relay_socket_describe(second, next);
	return 0;
}

static int relay_adopt(void *env, const struct turn_5tuple *tuple,
		       const struct transport_addr *bound,
		       struct turn_relay *relay)
{
	struct worker *worker = env;
	struct relay_socket *sock;
	struct send_target target;
	int ret;

	if (!worker_client_target(worker, tuple, &target))
		return -EADDRNOTAVAIL;
	ret = relay_socket_reopen(&worker->setup->relays, bound,
				  &worker->setup->udp, &sock);
	if (!ret)
		relay_socket_describe(sock, relay);
	return ret;
}

/* Errors read from a socket at a time, so that others get their turn. */
#define ERROR_BURST 16

/* A datagram too big for this host is tried twice (send.c), so told of twice. */
static bool is_repeated(const struct socket_error *error,
			const struct socket_error *last)
{
	return error->local && last->local &&
	       transport_addr_equal(&error->peer, &last->peer);
}

static void read_errors(struct relay_socket *relay, struct udp_socket *sock,
			uint64_t now)
{
	struct socket_error error, last = { 0 };

	sock->error_waits = false;
	for (int i = 0; i < ERROR_BURST && socket_error_read(sock, &error); i++) {
		if (error.icmp.type && !is_repeated(&error, &last))
			turn_server_peer_icmp(relay->worker->server,
					      relay->allocation, &error.peer,
					      &error.icmp, now);
		last = error;
	}
}

/*
 * The event loop tells of an error as it tells of datagrams, and as long as one
 * is queued; a pending one also comes in place of datagrams. So whoever finds
 * none looks for errors, and nobody else has to.
 */
void worker_read_peers(struct relay_socket *relay, struct udp_socket *sock)
{
	struct worker *worker = relay->worker;
	struct datagram datagram;
	unsigned int first, i;
	unsigned int count = worker_receive(worker, sock, &first);
	uint64_t now = worker_now();

	if (sock->reports_errors && (!count || sock->error_waits))
		read_errors(relay, sock, now);
	/* The allocation may end, and with it the relay, at any of these. */
	for (i = first; i < first + count && relay->allocation; i++) {
		if (!receive_get(worker->pool, i, &datagram))
			continue;
		turn_server_peer_datagram(worker->server, relay->allocation,
					  &datagram.from, datagram.buf,
					  datagram.len, now);
	}
}

static void on_peer_readable(evutil_socket_t fd, short what, void *arg)
{
	struct relay_socket *relay = arg;

	(void)fd;
	(void)what;
	if (relay->tcp)
		peer_connection_accept(relay);
	else
		worker_read_peers(relay, &relay->sock);
}

static void relay_attach(void *env, void *handle,
			 struct turn_allocation *allocation)
{
	struct worker *worker = env;
	struct relay_socket *relay = handle;

	relay->worker = worker;
	relay->allocation = allocation;
	relay->sock.relay = relay;
	if (event_assign(&relay->readable, worker->base, relay->sock.fd,
			 EV_READ | EV_PERSIST, on_peer_readable, relay) ||
	    event_add(&relay->readable, NULL) ||
	    peer_socket_attach(relay))
		net_log(&worker->setup->log, TURN_LOG_ERROR,
			"worker %u: out of memory: a relay socket cannot receive",
			worker->number);
}

/* What is queued to be sent by it leaves first; what comes to it waits. */
static void relay_detach(void *env, void *handle)
{
	struct worker *worker = env;
	struct relay_socket *relay = handle;

	if (relay->sock.send_first != SEND_NONE ||
	    relay->second.sock.send_first != SEND_NONE)
		send_queue_flush(worker->queue);
	backpressure_apply(worker);
	backpressure_release(relay);
	event_del(&relay->readable);
	peer_socket_detach(relay);
	relay->worker = NULL;
	relay->allocation = NULL;
}

/*
 * Datagrams of this socket may still be in the batch being handled, so the
 * struct is freed when the round ends; but the queue must not name a closed
 * socket.
 */
static void relay_close(void *env, void *handle)
{
	struct worker *worker = env;
	struct relay_socket *relay = handle;

	if (relay->sock.send_first != SEND_NONE ||
	    relay->second.sock.send_first != SEND_NONE)
		send_queue_flush(worker->queue);
	if (relay->worker)
		event_del(&relay->readable);
	backpressure_release(relay);
	relay->allocation = NULL;
	peer_socket_close(&relay->second);
	udp_socket_close(&relay->sock);
	relay->next_closed = worker->closed;
	worker->closed = relay;
}

/* The listener by which @local is reached; nearly always the first. */
static struct listener *find_listener(struct worker *worker,
				      const struct transport_addr *local)
{
	for (size_t i = 0; i < worker->listener_count; i++)
		if (listener_serves(worker->listeners[i], local))
			return worker->listeners[i];
	return NULL;
}

bool worker_client_target(struct worker *worker,
			  const struct turn_5tuple *tuple,
			  struct send_target *target)
{
	struct listener *listener = find_listener(worker, &tuple->server);

	if (!listener)
		return false;
	*target = (struct send_target){
		.sock = &listener->sock,
		.to = &tuple->client,
		.from = listener->sock.wildcard ? &tuple->server : NULL,
	};
	return true;
}

/* A connection may be gone while its allocation's datagrams are handled. */
static void send_client_stream(struct worker *worker,
			       const struct turn_5tuple *tuple,
			       const uint8_t *buf, size_t len)
{
	struct client_stream *stream = stream_find(&worker->streams, tuple);

	if (stream)
		stream_queue_relay(worker->streams.queue, &stream->out, buf,
				   len);
}

static void reply_client_stream(struct worker *worker,
				const struct turn_5tuple *tuple,
				const uint8_t *buf, size_t len)
{
	struct client_stream *stream = stream_find(&worker->streams, tuple);

	if (stream)
		stream_reply(stream, buf, len);
}

static void send_client(void *env, const struct turn_5tuple *tuple,
			const uint8_t *buf, size_t len)
{
	struct worker *worker = env;
	struct send_target target;

	switch ((enum turn_transport)tuple->transport) {
	case TURN_UDP:
		if (worker_client_target(worker, tuple, &target))
			send_queue_add(worker->queue, &target, buf, len);
		break;
	case TURN_TCP:
	case TURN_TLS:
		send_client_stream(worker, tuple, buf, len);
		break;
	case TURN_DTLS:
		dtls_send(&worker->dtls, tuple, buf, len);
		break;
	}
}

static void reply_client(void *env, const struct turn_5tuple *tuple,
			 const uint8_t *buf, size_t len)
{
	struct worker *worker = env;
	struct send_target target;

	switch ((enum turn_transport)tuple->transport) {
	case TURN_UDP:
		if (worker_client_target(worker, tuple, &target))
			send_queue_copy(worker->queue, &target, buf, len);
		break;
	case TURN_TCP:
	case TURN_TLS:
		reply_client_stream(worker, tuple, buf, len);
		break;
	case TURN_DTLS:
		dtls_reply(&worker->dtls, tuple, buf, len, worker_now());
		break;
	}
}

static void send_peer(void *env, void *handle,
		      const struct transport_addr *peer,
		      const uint8_t *buf, size_t len, unsigned int flags)
{
	struct worker *worker = env;
	struct relay_socket *relay = handle;
	const struct send_target target = {
		.sock = peer_socket_choose(relay, peer),
		.to = peer,
		.df = flags & TURN_SEND_DF,
	};

	send_queue_add(worker->queue, &target, buf, len);
}

static int peer_connect(void *env, void *handle,
			const struct transport_addr *peer,
			struct turn_connection *connection, void **out)
{
	return peer_connection_begin(env, handle, peer, connection, out);
}

static void peer_close(void *env, void *handle)
{
	(void)env;
	peer_connection_close(handle);
}

static void stream_move(void *env, const struct turn_5tuple *tuple,
			void *owner, uint32_t id)
{
	peer_connection_move(env, tuple, owner, id);
}

static enum turn_lookup_result user_find(void *env,
					 struct turn_user_query *query)
{
	struct worker *worker = env;
	const struct worker_lookup *lookup = &worker->setup->lookup;

	return lookup->user(lookup->env, worker, query);
}

static enum turn_lookup_result secret_find(void *env,
					   struct turn_secret_query *query)
{
	struct worker *worker = env;
	const struct worker_lookup *lookup = &worker->setup->lookup;

	return lookup->secret(lookup->env, worker, query);
}

/* The client's TLS or DTLS, if it speaks any and is still there. */
static const SSL *client_ssl(struct worker *worker,
			     const struct turn_5tuple *tuple)
{
	const struct client_stream *stream;

	if (tuple->transport == TURN_DTLS)
		return dtls_ssl(&worker->dtls, tuple);
	if (tuple->transport != TURN_TLS)
		return NULL;
	stream = stream_find(&worker->streams, tuple);
	return stream ? stream->out.sock.ssl : NULL;
}

/* One that has ended may have done so on its way from worker to worker. */
static void tell_session(void *env, const struct turn_session_report *report)
{
	struct worker *worker = env;
	const struct worker_sessions *sessions = &worker->setup->sessions;
	bool here = report->event == TURN_SESSION_NEW ||
		    report->event == TURN_SESSION_REFRESHED;

	sessions->told(sessions->env, report,
		       here ? client_ssl(worker, &report->tuple) : NULL);
}

static void write_log(void *env, enum turn_log_level level,
		      const struct turn_allocation *allocation,
		      const char *text)
{
	struct worker *worker = env;
	const struct net_log *log = &worker->setup->log;
	struct turn_allocation_info info;
	char client[TRANSPORT_ADDR_STRLEN];

	if (!allocation) {
		net_log(log, level, "worker %u: %s", worker->number, text);
		return;
	}
	turn_allocation_info(allocation, &info);
	net_log(log, level, "session %u.%llu of %s%s%s: %s", worker->number,
		(unsigned long long)info.serial,
		info.username[0] ? info.username : "",
		info.username[0] ? " at " : "",
		transport_addr_print(&info.tuple.client, client), text);
}

/* While workers run; one that has stopped only takes what is left. */
static void take_parcel(struct worker *worker, void *arg)
{
	struct turn_parcel *parcel = arg;

	if (worker->stopped) {
		turn_server_parcel_return(worker->server, parcel);
	} else {
		turn_server_parcel(worker->server, parcel, worker_now());
		/* What it sends may lie in the parcel. */
		send_queue_flush(worker->queue);
		stream_queue_flush(worker->streams.queue);
	}
	turn_parcel_free(parcel);
}

static int post_parcel(void *env, void *to_env, struct turn_parcel *parcel)
{
	(void)env;
	return worker_post(to_env, take_parcel, parcel);
}

void worker_fill_ops(struct turn_ops *ops, const struct worker_setup *setup)
{
	*ops = (struct turn_ops){
		.relay_open = relay_open,
		.relay_adopt = relay_adopt,
		.relay_attach = relay_attach,
		.relay_detach = relay_detach,
		.relay_close = relay_close,
		.send_client = send_client,
		.reply_client = reply_client,
		.send_peer = send_peer,
		.peer_connect = peer_connect,
		.peer_close = peer_close,
		.stream_move = stream_move,
		.random = fill_random,
		.wall_time = wall_time,
		.log = write_log,
		.user_find = user_find,
		.secret_find = secret_find,
		.session = setup->sessions.told ? tell_session : NULL,
		.fastpath = setup->fastpath,
		.post = post_parcel,
	};
}
