// SPDX-License-Identifier: BSD-3-Clause
#include "bench/echo.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/payload.h"
#include "bench/udp.h"

#define TICK_MS 100

/**
 * struct echo - a thread: sockets on all ports, among which the kernel spreads
 * what comes
 * @o: the command line
 * @thread: the thread
 * @pfds: sockets
 * @batch: datagrams under way
 * @stop: end
 * @echoed: datagrams sent back
 * @drops: datagrams that the sockets had no room for
 */
struct echo {
	const struct options *o;
	pthread_t thread;
	struct pollfd *pfds;
	struct udp_batch batch;
	atomic_bool stop;
	_Atomic uint64_t echoed;
	_Atomic uint64_t drops;
};

static void send_back(struct echo *e, int fd, unsigned int count)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct msghdr *hdr = &e->batch.msgs[i].msg_hdr;

		e->batch.iovs[i].iov_len = e->batch.msgs[i].msg_len;
		hdr->msg_control = NULL;
		hdr->msg_controllen = 0;
	}
	while (done < count) {
		int sent = sendmmsg(fd, &e->batch.msgs[done], count - done, 0);

		if (sent > 0)
			atomic_fetch_add_explicit(&e->echoed, (uint64_t)sent,
						  memory_order_relaxed);
		done += sent > 0 ? (unsigned int)sent : errno != EINTR;
	}
}

static void *work(void *arg)
{
	struct echo *e = arg;
	uint64_t drops = 0;

	while (!atomic_load_explicit(&e->stop, memory_order_relaxed)) {
		if (poll(e->pfds, e->o->channels, TICK_MS) <= 0)
			continue;
		for (unsigned int i = 0; i < e->o->channels; i++) {
			int got;

			if (!e->pfds[i].revents)
				continue;
			got = udp_receive(&e->batch, e->pfds[i].fd);
			if (got > 0)
				send_back(e, e->pfds[i].fd, (unsigned int)got);
		}
	}
	for (unsigned int i = 0; i < e->o->channels; i++)
		drops += udp_drops(e->pfds[i].fd);
	atomic_store_explicit(&e->drops, drops, memory_order_relaxed);
	return NULL;
}

static int start(struct echo *e)
{
	struct transport_addr addr = e->o->peer_listen;
	char text[TRANSPORT_ADDR_STRLEN];

	e->pfds = calloc(e->o->channels, sizeof(*e->pfds));
	if (!e->pfds || udp_batch_init(&e->batch, PAYLOAD_MAX + 1)) {
		fputs("kturn-bench: not enough memory\n", stderr);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < e->o->channels; i++) {
		int fd = udp_open(&addr, NULL, e->o->socket_buffer,
				  e->o->threads > 1);

		if (fd < 0) {
			fprintf(stderr, "kturn-bench: peer on %s: %s\n",
				transport_addr_print(&addr, text),
				strerror(-fd));
			return fd;
		}
		e->pfds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
		addr.port++;
	}
	return -pthread_create(&e->thread, NULL, work, e);
}

static void stop(struct echo *e)
{
	atomic_store_explicit(&e->stop, true, memory_order_relaxed);
	pthread_join(e->thread, NULL);
	for (unsigned int i = 0; i < e->o->channels; i++)
		close(e->pfds[i].fd);
	free(e->pfds);
	udp_batch_free(&e->batch);
}

static void wait_for_signal(void)
{
	sigset_t signals;
	int number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigwait(&signals, &number);
}

int echo_run(const struct options *o)
{
	static struct echo echoes[BENCH_MAX_THREADS];
	uint64_t echoed = 0, drops = 0;
	char text[TRANSPORT_ADDR_STRLEN];

	for (unsigned int i = 0; i < o->threads; i++) {
		echoes[i].o = o;
		/* The process ends, and everything with it. */
		if (start(&echoes[i]))
			return 1;
	}
	printf("peer on %s, %u port%s: sending back what comes, until Ctrl-C\n",
	       transport_addr_print(&o->peer_listen, text), o->channels,
	       o->channels == 1 ? "" : "s");
	fflush(stdout);
	wait_for_signal();
	for (unsigned int i = 0; i < o->threads; i++) {
		stop(&echoes[i]);
		echoed += echoes[i].echoed;
		drops += echoes[i].drops;
	}
	printf("sent back %" PRIu64 " datagrams; %" PRIu64 " were dropped because sockets here were full\n",
	       echoed, drops);
	return 0;
}
