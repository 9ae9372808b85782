// SPDX-License-Identifier: BSD-3-Clause
/*
 * Signals, as operators of coturn know them: HUP reopens the log, USR1 drains,
 * USR2 reloads certificates, TERM and INT stop.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>

#include "kturnd/certificates.h"
#include "kturnd/daemon.h"

static void on_stop(evutil_socket_t number, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)what;
	log_info("stopping: signal %d", (int)number);
	event_base_loopbreak(daemon->base);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)number;
	(void)what;
	log_reopen();
	log_info("log reopened");
	if (daemon->setup.tls)
		certificates_reload(daemon);
}

static uint64_t sessions(const struct daemon *daemon)
{
	return turn_shared_allocations(daemon->setup.shared);
}

static void on_drain_timer(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval second = { .tv_sec = 1 };
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	if (sessions(daemon) == 0) {
		log_info("drained: stopping");
		event_base_loopbreak(daemon->base);
	} else {
		event_add(daemon->drain_timer, &second);
	}
}

static void drain(struct worker *worker, void *arg)
{
	(void)arg;
	turn_server_drain(worker_server(worker), true);
}

static void on_drain(evutil_socket_t number, short what, void *arg)
{
	const struct timeval second = { .tv_sec = 1 };
	struct daemon *daemon = arg;

	(void)number;
	(void)what;
	if (daemon->draining)
		return;
	daemon->draining = true;
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		if (worker_post(daemon->workers[i], drain, NULL))
			log_error("out of memory: worker %u is not draining", i);
	log_info("draining: no new sessions; stopping when the last of %llu ends",
		 (unsigned long long)sessions(daemon));
	event_add(daemon->drain_timer, &second);
}

static void on_reload_certificates(evutil_socket_t number, short what,
				   void *arg)
{
	(void)number;
	(void)what;
	certificates_reload(arg);
}

int daemon_catch_signals(struct daemon *daemon)
{
	static const struct {
		int number;
		event_callback_fn handler;
	} caught[] = {
		{ SIGTERM, on_stop },
		{ SIGINT, on_stop },
		{ SIGHUP, on_hangup },
		{ SIGUSR1, on_drain },
		{ SIGUSR2, on_reload_certificates },
	};
	size_t count = sizeof(caught) / sizeof(caught[0]);

	_Static_assert(sizeof(caught) / sizeof(caught[0]) <= DAEMON_SIGNALS,
		       "struct daemon holds DAEMON_SIGNALS events");
	signal(SIGPIPE, SIG_IGN);
	daemon->drain_timer = evtimer_new(daemon->base, on_drain_timer, daemon);
	if (!daemon->drain_timer)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		daemon->signals[i] = evsignal_new(daemon->base,
						  caught[i].number,
						  caught[i].handler, daemon);
		if (!daemon->signals[i] || event_add(daemon->signals[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

void daemon_release_signals(struct daemon *daemon)
{
	for (int i = 0; i < DAEMON_SIGNALS; i++)
		if (daemon->signals[i])
			event_free(daemon->signals[i]);
	if (daemon->drain_timer)
		event_free(daemon->drain_timer);
}
