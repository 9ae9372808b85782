/* SPDX-License-Identifier: BSD-3-Clause */
/* The running daemon: all its parts, from start to stop. */
#ifndef KTURN_KTURND_DAEMON_H
#define KTURN_KTURND_DAEMON_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kturnd/config.h"
#include "kturnd/endpoints.h"
#include "kturnd/kernel_relay.h"
#include "kturnd/log.h"
#include "net/worker.h"

struct admin;
struct config_source;
struct event;
struct event_base;
struct statsdb;
struct user_source;
struct xdp;

#define DAEMON_SIGNALS 6

/**
 * struct drain - see drain.h
 * @on: no new sessions
 * @timer: looks whether enough of them have ended
 * @told: how many there were when that was last told
 * @told_at: when that was
 */
struct drain {
	bool on;
	struct event *timer;
	uint64_t told;
	uint64_t told_at;
};

/**
 * struct watchdog - see notify_watchdog()
 * @timer: when to say that all is well
 * @silent: workers that have not answered since the last time
 */
struct watchdog {
	struct event *timer;
	atomic_uint silent;
};

/**
 * struct daemon - what main() runs
 * @source: where a reload finds the configuration
 * @boot: the configuration at start, still in force for what takes a restart
 * @cfg: the configuration in force for all else; changed by a reload, on the
 *	main thread, so nothing may keep pointers into it
 * @started: when, on the clock of worker_now()
 * @base: the main thread's event loop
 * @signals: events for those that are handled
 * @drain: whether to end, and when
 * @watchdog: for the service manager
 * @reloaded: memory of @cfg, unless that is @boot
 * @endpoints: where it listens and relays
 * @setup: what the workers have in common
 * @limit: for what the workers log
 * @users: users of a database, or NULL
 * @statsdb: who is told of sessions, or NULL
 * @xdp: the program for XDP
 * @kernel: the module
 * @workers: the workers
 * @worker_count: how many
 * @admin: the admin socket, or NULL
 * @metrics: for Prometheus, or NULL
 * @pidfile: path of the file to remove at the end, or NULL
 */
struct daemon {
	const struct config_source *source;
	const struct kturnd_config *boot;
	const struct kturnd_config *cfg;
	uint64_t started;
	struct event_base *base;
	struct event *signals[DAEMON_SIGNALS];
	struct drain drain;
	struct watchdog watchdog;
	struct kturnd_config *reloaded;
	struct endpoints endpoints;
	struct worker_setup setup;
	struct log_limit limit;
	struct user_source *users;
	struct statsdb *statsdb;
	struct xdp *xdp;
	struct kernel_relay *kernel;
	struct worker **workers;
	unsigned int worker_count;
	struct admin *admin;
	struct metrics *metrics;
	const char *pidfile;
};

/**
 * daemon_run() - serve until told to stop
 * @cfg: the configuration, checked; the log is open
 * @source: where it was read from, and will be again
 *
 * Return: exit status: 0 after a stop, 1 if the server could not start (which
 * is logged).
 */
int daemon_run(const struct kturnd_config *cfg,
	       const struct config_source *source);

/**
 * daemon_core_config() - the protocol core's configuration
 * @daemon: the daemon, with its endpoints
 * @cfg: from this configuration
 * @report: gets errors and warnings
 *
 * Return: the configuration, held once; NULL after errors.
 */
struct turn_config *daemon_core_config(const struct daemon *daemon,
				       const struct kturnd_config *cfg,
				       struct report *report);

/* Signals: signals.c. */
int daemon_catch_signals(struct daemon *daemon);
void daemon_release_signals(struct daemon *daemon);

#endif /* KTURN_KTURND_DAEMON_H */
