// SPDX-License-Identifier: BSD-3-Clause
/* kturn-bench: set up, run, report. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/display.h"
#include "bench/echo.h"
#include "bench/generator.h"
#include "bench/prepare.h"
#include "bench/report.h"
#include "version.h"

#define MS		1000000ULL
#define TICK_MS		50
/* From "go" to the first datagram: every thread has heard of it by then. */
#define HEAD_START	(50 * MS)

enum exit_code {
	EXIT_MEASURED = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_LOSS = 3,
};

/**
 * struct bench - one run
 * @options: what the operator asked for
 * @run: what threads go by
 * @generators: the threads
 * @signals: SIGINT and SIGTERM, which nobody but wait_a_tick() takes
 * @interrupts: how many came
 * @display: progress, for who watches
 */
struct bench {
	const struct options *options;
	struct run run;
	struct generator *generators;
	sigset_t signals;
	unsigned int interrupts;
	struct display display;
};

/* Sleeps for a moment. A signal ends sending; a second one ends waiting. */
static void wait_a_tick(struct bench *b)
{
	struct timespec ts = { .tv_nsec = TICK_MS * MS };

	if (sigtimedwait(&b->signals, NULL, &ts) < 0)
		return;
	atomic_store(&b->run.end_ns, 0);
	if (b->interrupts++ || !atomic_load(&b->run.go))
		atomic_store(&b->run.give_up, true);
}

/* All threads have got as far as this phase. */
static bool reached(const struct bench *b, enum phase phase)
{
	for (unsigned int i = 0; i < b->options->threads; i++) {
		if (atomic_load_explicit(&b->generators[i].progress.phase,
					 memory_order_acquire) < (int)phase)
			return false;
	}
	return true;
}

/* Shares the clients out; the first few threads take one more. */
static int start_threads(struct bench *b, unsigned int *started)
{
	const struct options *o = b->options;
	unsigned int first = 0;

	for (*started = 0; *started < o->threads; (*started)++) {
		struct generator *g = &b->generators[*started];
		unsigned int count = o->allocations / o->threads +
				     (*started < o->allocations % o->threads);

		if (generator_start(g, &b->run, first, count)) {
			fprintf(stderr, "kturn-bench: %s\n", g->error);
			return -EINVAL;
		}
		first += count;
	}
	return 0;
}

/* Waits until everything is set up; -EINTR if it never will be. */
static int set_up(struct bench *b)
{
	while (!reached(b, PHASE_READY) && !b->run.give_up) {
		for (unsigned int i = 0; i < b->options->threads; i++) {
			struct generator *g = &b->generators[i];

			if (!atomic_load_explicit(&g->progress.failed,
						  memory_order_acquire))
				continue;
			display_end(&b->display);
			fprintf(stderr, "kturn-bench: %s\n", g->error);
			return -EINVAL;
		}
		display_set_up(&b->display, b->generators);
		wait_a_tick(b);
	}
	if (!b->run.give_up)
		return 0;
	display_end(&b->display);
	fputs("kturn-bench: interrupted before anything was sent\n", stderr);
	return -EINTR;
}

static void send_and_measure(struct bench *b)
{
	const struct options *o = b->options;

	b->run.start_ns = monotonic_ns() + HEAD_START;
	b->run.measure_ns = b->run.start_ns + o->warm_up_ns;
	b->run.end_ns = b->run.measure_ns + o->duration_ns;
	atomic_store_explicit(&b->run.go, true, memory_order_release);
	while (!reached(b, PHASE_RELEASING)) {
		uint64_t end = b->run.end_ns;

		wait_a_tick(b);
		/* The moment it was interrupted, for the report. */
		if (!b->run.end_ns)
			b->run.end_ns = monotonic_ns() < end ? monotonic_ns()
							      : end;
		display_traffic(&b->display, b->generators);
	}
	display_end(&b->display);
}

static int report(const struct report *r)
{
	const struct options *o = r->options;

	if (report_write(r))
		return EXIT_FAILED;
	for (unsigned int way = 0; way < WAYS && o->max_loss >= 0; way++) {
		if (report_loss(&r->results.ways[way]) > o->max_loss)
			return EXIT_LOSS;
	}
	return EXIT_MEASURED;
}

static void gather(struct bench *b, struct report *r)
{
	uint64_t end = b->run.end_ns, from = b->run.measure_ns;

	r->measured_ns = end > from ? end - from : 0;
	r->interrupted = b->interrupts > 0;
	r->own_peers = !b->options->remote_peer.family;
	r->first_error = "";
	for (unsigned int i = 0; i < b->options->threads; i++) {
		struct generator *g = &b->generators[i];

		results_merge(&r->results, &g->results);
		if (g->error[0] && !r->first_error[0])
			r->first_error = g->error;
	}
}

static int run_threads(struct bench *b, struct report *r)
{
	uint64_t begun = monotonic_ns();
	unsigned int started;
	int ret = start_threads(b, &started);

	display_start(&b->display, b->options);
	r->socket_buffer = b->options->socket_buffer;
	if (!ret) {
		r->socket_buffer = udp_buffer(b->generators[0].endpoints[0].fd);
		ret = set_up(b);
	}
	r->set_up_ns = monotonic_ns() - begun;
	if (ret)
		atomic_store(&b->run.give_up, true);
	else
		send_and_measure(b);
	for (unsigned int i = 0; i < started; i++)
		generator_join(&b->generators[i]);
	return ret;
}

static int measure(const struct options *o, sigset_t signals)
{
	struct report *r = calloc(1, sizeof(*r));
	struct bench b = {
		.options = o,
		.run = { .options = o, .end_ns = UINT64_MAX },
		.generators = calloc(o->threads, sizeof(*b.generators)),
		.signals = signals,
	};
	int status = EXIT_FAILED;

	if (!r || !b.generators) {
		fputs("kturn-bench: not enough memory\n", stderr);
	} else if (!prepare(&b.run)) {
		r->options = o;
		r->server = b.run.server;
		if (!run_threads(&b, r)) {
			gather(&b, r);
			status = report(r);
		}
	}
	free(b.generators);
	free(r);
	return status;
}

int main(int argc, char **argv)
{
	char error[OPTIONS_ERROR_MAX];
	struct options options;
	sigset_t signals;

	if (options_parse(&options, argc, argv, error)) {
		fprintf(stderr, "kturn-bench: %s\n", error);
		return EXIT_USAGE;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	switch (options.task) {
	case TASK_HELP:
		options_help();
		return EXIT_MEASURED;
	case TASK_VERSION:
		puts("kturn-bench " KTURN_VERSION);
		return EXIT_MEASURED;
	case TASK_PEER:
		return echo_run(&options);
	case TASK_MEASURE:
		break;
	}
	return measure(&options, signals);
}
