// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>

#define MS		1000000ULL
#define EVENTS		64
/* How often clients are looked after: sooner where somebody waits for it. */
#define LOOK_SETTING_UP	(10 * MS)
#define LOOK_SENDING	(100 * MS)
#define RELEASE_MAX	(4000 * MS)

static void enter(struct generator *g, enum phase phase)
{
	g->phase = phase;
	g->look_at = 0;
	atomic_store_explicit(&g->progress.phase, (int)phase,
			      memory_order_release);
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

static void start_sending(struct generator *g)
{
	const struct options *o = g->run->options;
	uint64_t share = g->client_count;

	/* Each thread has as much of the load as it has of the clients. */
	g->pacer = (struct pacer){
		.rate = o->rate * share / o->allocations,
		.start = g->run->start_ns,
	};
	if (o->rate && !g->pacer.rate)
		g->pacer.rate = 1;
	for (unsigned int way = 0; way < WAYS; way++) {
		uint64_t limit = o->in_flight * share / o->allocations;

		g->senders[way].window.limit = o->in_flight && !limit ? 1
								      : limit;
	}
	enter(g, PHASE_SENDING);
}

static void start_measuring(struct generator *g)
{
	generator_mark_drops(g);
	g->cpu_start = thread_cpu_ns();
	g->measuring = true;
}

static void stop_sending(struct generator *g, uint64_t now)
{
	if (g->measuring)
		g->results.cpu_ns = thread_cpu_ns() - g->cpu_start;
	g->results.busiest_ns = g->results.cpu_ns;
	g->phase_ends = now + g->run->options->linger_ns;
	enter(g, PHASE_DRAINING);
}

static void start_releasing(struct generator *g, uint64_t now)
{
	if (g->measuring)
		generator_count_drops(g);
	g->measuring = false;
	g->results.lost_allocations = g->states[CLIENT_FAILED];
	g->phase_ends = now + RELEASE_MAX;
	enter(g, PHASE_RELEASING);
}

static bool all_arrived(const struct generator *g)
{
	for (unsigned int way = 0; way < WAYS; way++) {
		if (results_lost(&g->results.ways[way]))
			return false;
	}
	return true;
}

static void keep_sending(struct generator *g, uint64_t now)
{
	uint64_t end = atomic_load_explicit(&g->run->end_ns,
					    memory_order_relaxed);

	if (now >= end) {
		stop_sending(g, now);
		return;
	}
	if (!g->measuring && now >= g->run->measure_ns)
		start_measuring(g);
	if (now >= g->run->start_ns)
		generator_send(g, now);
}

/* The next phase, if this one is over. */
static void move_on(struct generator *g, uint64_t now)
{
	const struct run *run = g->run;
	bool give_up = atomic_load_explicit(&run->give_up,
					    memory_order_relaxed);

	if (give_up && g->phase < PHASE_RELEASING)
		start_releasing(g, now);
	switch (g->phase) {
	case PHASE_SETTING_UP:
		if (g->states[CLIENT_READY] == g->client_count)
			enter(g, PHASE_READY);
		else if (g->states[CLIENT_FAILED])
			atomic_store_explicit(&g->progress.failed, true,
					      memory_order_release);
		break;
	case PHASE_READY:
		if (atomic_load_explicit(&run->go, memory_order_acquire))
			start_sending(g);
		break;
	case PHASE_SENDING:
		keep_sending(g, now);
		break;
	case PHASE_DRAINING:
		if (all_arrived(g) || now >= g->phase_ends)
			start_releasing(g, now);
		break;
	case PHASE_RELEASING:
		if ((!g->started && !g->states[CLIENT_RELEASING]) ||
		    now >= g->phase_ends)
			enter(g, PHASE_DONE);
		break;
	case PHASE_DONE:
		break;
	}
}

static void publish(struct generator *g)
{
	atomic_store_explicit(&g->progress.clients, g->states[CLIENT_READY],
			      memory_order_relaxed);
	atomic_store_explicit(&g->progress.sent, g->total_sent,
			      memory_order_relaxed);
	atomic_store_explicit(&g->progress.received, g->total_received,
			      memory_order_relaxed);
}

static uint64_t wake_at(const struct generator *g)
{
	uint64_t next = PACER_NEVER, start = g->run->start_ns;

	if (g->phase == PHASE_SENDING)
		next = generator_send_next(g);
	if (g->phase == PHASE_SENDING && next < start)
		next = start;
	return next < g->look_at ? next : g->look_at;
}

/* Until then, or until something arrives; and take that. */
static void wait_until(struct generator *g, uint64_t then)
{
	struct pollfd pfd = { .fd = g->epoll, .events = POLLIN };
	struct epoll_event events[EVENTS];
	uint64_t now = monotonic_ns();
	int count;

	/* epoll_wait() itself only knows milliseconds. */
	if (now < then) {
		uint64_t wait = then - now;
		struct timespec ts = {
			.tv_sec = (time_t)(wait / (1000 * MS)),
			.tv_nsec = (long)(wait % (1000 * MS)),
		};

		if (ppoll(&pfd, 1, &ts, NULL) <= 0)
			return;
	}
	count = epoll_wait(g->epoll, events, EVENTS, 0);
	for (int i = 0; i < count; i++)
		generator_receive(g, events[i].data.u32);
}

static void *work(void *arg)
{
	struct generator *g = arg;

	/* Wake up when it is time, not 50 microseconds later. */
	prctl(PR_SET_TIMERSLACK, 1);
	while (g->phase != PHASE_DONE) {
		uint64_t now = monotonic_ns();

		if (now >= g->look_at) {
			generator_look_after(g, now);
			g->look_at = now + (g->phase == PHASE_SENDING ?
					    LOOK_SENDING : LOOK_SETTING_UP);
		}
		move_on(g, now);
		publish(g);
		if (g->phase != PHASE_DONE)
			wait_until(g, wake_at(g));
	}
	return NULL;
}

int generator_start(struct generator *g, const struct run *run,
		    unsigned int first_client, unsigned int clients)
{
	const struct options *o = run->options;
	int ret;

	g->run = run;
	g->epoll = -1;
	g->client_count = clients;
	g->peer_count = o->channels;
	g->first_flow = first_client * o->channels;
	g->own_peers = !o->remote_peer.family;
	ret = generator_open(g);
	if (!ret)
		ret = -pthread_create(&g->thread, NULL, work, g);
	if (ret)
		generator_close(g);
	if (ret && !g->error[0])
		snprintf(g->error, sizeof(g->error), "a thread: %s",
			 strerror(-ret));
	return ret;
}

void generator_join(struct generator *g)
{
	pthread_join(g->thread, NULL);
	generator_close(g);
}
