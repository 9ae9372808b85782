// SPDX-License-Identifier: BSD-3-Clause
#include "net/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "net/backpressure.h"
#include "net/thread.h"
#include "net/worker_internal.h"

uint64_t worker_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	uint64_t now;

	(void)fd;
	(void)what;
	worker->timer_due = TURN_NEVER;
	now = worker_now();
	turn_server_tick(worker->server, now);
	streams_tick(&worker->streams, now);
	dtls_tick(&worker->dtls, now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_deadline(const struct worker *worker)
{
	uint64_t server = turn_server_deadline(worker->server);
	uint64_t streams = turn_timers_next(&worker->streams.timers);

	return earlier(server, earlier(streams, dtls_deadline(&worker->dtls)));
}

/* One timer for all that the worker waits for, moved when that changes. */
static void set_timer(struct worker *worker)
{
	uint64_t due = next_deadline(worker), now, wait;
	struct timeval tv;

	if (due == worker->timer_due)
		return;
	worker->timer_due = due;
	if (due == TURN_NEVER) {
		event_del(worker->timer);
		return;
	}
	now = worker_now();
	wait = due > now ? due - now : 0;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000) * 1000;
	/* If the timer cannot be set, the next round tries again. */
	if (event_add(worker->timer, &tv))
		worker->timer_due = TURN_NEVER;
}

static void free_closed(struct worker *worker)
{
	while (worker->closed) {
		struct relay_socket *relay = worker->closed;

		worker->closed = relay->next_closed;
		relay_socket_close(relay);
	}
}

/* What was received has been handled: send what it caused. */
static void flush(struct worker *worker)
{
	send_queue_flush(worker->queue);
	backpressure_apply(worker);
	stream_queue_flush(worker->streams.queue);
	receive_pool_reset(worker->pool);
}

uint8_t *worker_take_buffer(struct worker *worker)
{
	if (receive_pool_full(worker->pool))
		flush(worker);
	return receive_pool_take(worker->pool);
}

unsigned int worker_receive(struct worker *worker, struct udp_socket *sock,
			    unsigned int *first)
{
	if (receive_pool_full(worker->pool))
		flush(worker);
	return receive_batch(worker->pool, sock, first);
}

/*
 * A round of the loop handles all sockets that have something, then sends. So
 * datagrams of many relay sockets for many clients leave through the listening
 * socket with one system call.
 */
static void *run(void *arg)
{
	struct worker *worker = arg;

	while (!worker->stopping) {
		set_timer(worker);
		if (event_base_loop(worker->base, EVLOOP_ONCE) < 0) {
			net_log(&worker->setup->log, TURN_LOG_ERROR,
				"worker %u: the event loop failed; its sessions end here",
				worker->number);
			break;
		}
		flush(worker);
		streams_end_failed(worker);
		free_closed(worker);
	}
	worker->stopped = true;
	if (worker->forget) {
		turn_server_close_all(worker->server);
		dtls_close_all(&worker->dtls);
	}
	flush(worker);
	free_closed(worker);
	return NULL;
}

struct mail_call {
	worker_fn *fn;
	void *arg;
};

static void make_call(void *owner, void *arg)
{
	struct mail_call *call = arg;

	call->fn(owner, call->arg);
	free(call);
}

int worker_post(struct worker *worker, worker_fn *fn, void *arg)
{
	struct mail_call *call = malloc(sizeof(*call));
	int ret;

	if (!call)
		return -ENOMEM;
	*call = (struct mail_call){ .fn = fn, .arg = arg };
	ret = mailbox_post(worker->mail, make_call, call);
	if (ret)
		free(call);
	return ret;
}

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config) {
		/* Used by one thread only; mail comes by eventfd. */
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		base = event_base_new_with_config(config);
		event_config_free(config);
	}
	return base;
}

struct worker *worker_new(const struct worker_setup *setup,
			  unsigned int number, void *user)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int ret;

	if (!worker)
		return NULL;
	worker->setup = setup;
	worker->number = number;
	worker->user = user;
	worker->timer_due = TURN_NEVER;
	worker->relay_turn = number;
	worker->tls = tls_context_get(setup->tls);
	worker_fill_ops(&worker->ops, setup);
	worker->base = new_base();
	if (!worker->base)
		goto fail;
	worker->timer = evtimer_new(worker->base, on_timer, worker);
	worker->mail = mailbox_new(worker->base, worker);
	worker->pool = receive_pool_new();
	worker->queue = send_queue_new();
	ret = streams_init(&worker->streams) ?: worker_init_dtls(worker);
	worker->server = turn_server_new(setup->shared, setup->config,
					 &worker->ops, worker);
	if (worker->timer && worker->mail && worker->pool && worker->queue &&
	    !ret && worker->server)
		return worker;
fail:
	worker_free(worker);
	errno = ENOMEM;
	return NULL;
}

int worker_listen(struct worker *worker, const struct transport_addr *addr,
		  unsigned int ways)
{
	struct listener **grown, *listener;
	int ret;

	grown = reallocarray(worker->listeners, worker->listener_count + 1,
			     sizeof(struct listener *));
	if (!grown)
		return -ENOMEM;
	worker->listeners = grown;
	ret = listener_new(worker, addr, ways, &listener);
	if (!ret)
		worker->listeners[worker->listener_count++] = listener;
	return ret;
}

static void set_tls(struct worker *worker, void *arg)
{
	tls_context_put(worker->tls);
	worker->tls = arg;
	dtls_set_context(&worker->dtls, worker->tls);
}

int worker_set_tls(struct worker *worker, struct tls_context *tls)
{
	int ret = worker_post(worker, set_tls, tls_context_get(tls));

	if (ret)
		tls_context_put(tls);
	return ret;
}

int worker_listen_tcp(struct worker *worker, const struct transport_addr *addr,
		      unsigned int ways)
{
	struct tcp_listener **grown, *listener;
	int ret;

	grown = reallocarray(worker->tcp_listeners,
			     worker->tcp_listener_count + 1,
			     sizeof(struct tcp_listener *));
	if (!grown)
		return -ENOMEM;
	worker->tcp_listeners = grown;
	ret = tcp_listener_new(worker, addr, ways, &listener);
	if (!ret)
		worker->tcp_listeners[worker->tcp_listener_count++] = listener;
	return ret;
}

int worker_start(struct worker *worker)
{
	char name[32];
	int ret;

	snprintf(name, sizeof(name), "kturnd/%u", worker->number);
	ret = thread_start(&worker->thread, run, worker, name);
	if (!ret)
		worker->running = true;
	return ret;
}

static void stop(struct worker *worker, void *arg)
{
	worker->stopping = true;
	worker->forget = arg != NULL;
}

void worker_stop(struct worker *worker, bool forget)
{
	if (!worker->running)
		return;
	if (worker_post(worker, stop, forget ? worker : NULL))
		return;
	pthread_join(worker->thread, NULL);
	worker->running = false;
}

/* After a failed worker_new() any part may be missing. */
void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	mailbox_free(worker->mail);
	turn_server_free(worker->server);
	free_closed(worker);
	for (size_t i = 0; i < worker->listener_count; i++)
		listener_free(worker->listeners[i]);
	free(worker->listeners);
	tls_context_put(worker->tls);
	for (size_t i = 0; i < worker->tcp_listener_count; i++)
		tcp_listener_free(worker->tcp_listeners[i]);
	free(worker->tcp_listeners);
	streams_free(&worker->streams);
	dtls_free(&worker->dtls);
	send_queue_free(worker->queue);
	receive_pool_free(worker->pool);
	if (worker->timer)
		event_free(worker->timer);
	if (worker->base)
		event_base_free(worker->base);
	free(worker);
}

void worker_again(struct worker *worker, const struct turn_5tuple *tuple,
		  uint8_t *buf, size_t len)
{
	struct client_stream *stream;

	if (tuple->transport == TURN_TCP || tuple->transport == TURN_TLS) {
		stream = stream_find(&worker->streams, tuple);
		if (stream)
			stream_again(stream, buf, len);
		return;
	}
	worker->asked_at = &tuple->server;
	turn_server_datagram(worker->server, tuple, buf, len, worker_now());
	worker->asked_at = NULL;
}

struct turn_server *worker_server(struct worker *worker)
{
	return worker->server;
}

void *worker_user(const struct worker *worker)
{
	return worker->user;
}

unsigned int worker_number(const struct worker *worker)
{
	return worker->number;
}

const struct turn_stats *worker_turn_stats(const struct worker *worker)
{
	return turn_server_stats(worker->server);
}

const struct send_stats *worker_send_stats(const struct worker *worker)
{
	return send_queue_stats(worker->queue);
}

const struct stream_stats *worker_stream_stats(const struct worker *worker)
{
	return &worker->streams.stats;
}

const struct stream_out_stats *
worker_stream_out_stats(const struct worker *worker)
{
	return stream_queue_stats(worker->streams.queue);
}

const struct dtls_stats *worker_dtls_stats(const struct worker *worker)
{
	return &worker->dtls.stats;
}
