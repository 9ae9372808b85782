// SPDX-License-Identifier: BSD-3-Clause
/*
 * Signals, as operators of coturn know them: HUP reopens the log (and reloads
 * the configuration), USR1 drains, USR2 reloads certificates, TERM and INT
 * stop.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>

#include "kturnd/certificates.h"
#include "kturnd/daemon.h"
#include "kturnd/drain.h"
#include "kturnd/reload.h"

static void on_stop(evutil_socket_t number, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)what;
	log_info("stopping: signal %d", (int)number);
	event_base_loopbreak(daemon->base);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	reload_configuration(arg);
}

static void on_drain(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	drain_set(arg, true);
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
}
