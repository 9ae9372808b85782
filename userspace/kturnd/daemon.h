/* SPDX-License-Identifier: BSD-3-Clause */
/* The running daemon: all its parts, from start to stop. */
#ifndef KTURN_KTURND_DAEMON_H
#define KTURN_KTURND_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "kturnd/config.h"
#include "kturnd/endpoints.h"
#include "kturnd/kernel_relay.h"
#include "kturnd/log.h"
#include "net/worker.h"

struct admin;
struct event;
struct event_base;

#define DAEMON_SIGNALS 6

/**
 * struct daemon - what main() runs
 * @cfg: the configuration
 * @started: when, on the clock of worker_now()
 * @base: the main thread's event loop
 * @signals: events for those that are handled
 * @drain_timer: looks whether a draining server is empty
 * @draining: no new sessions; ends with the last
 * @endpoints: where it listens and relays
 * @setup: what the workers have in common
 * @limit: for what the workers log
 * @kernel: the module
 * @workers: the workers
 * @worker_count: how many
 * @admin: the admin socket, or NULL
 * @pidfile: path of the file to remove at the end, or NULL
 */
struct daemon {
	const struct kturnd_config *cfg;
	uint64_t started;
	struct event_base *base;
	struct event *signals[DAEMON_SIGNALS];
	struct event *drain_timer;
	bool draining;
	struct endpoints endpoints;
	struct worker_setup setup;
	struct log_limit limit;
	struct kernel_relay *kernel;
	struct worker **workers;
	unsigned int worker_count;
	struct admin *admin;
	const char *pidfile;
};

/**
 * daemon_run() - serve until told to stop
 * @cfg: the configuration, checked; the log is open
 *
 * Return: exit status: 0 after a stop, 1 if the server could not start (which
 * is logged).
 */
int daemon_run(const struct kturnd_config *cfg);

/* Signals: signals.c. */
int daemon_catch_signals(struct daemon *daemon);
void daemon_release_signals(struct daemon *daemon);

#endif /* KTURN_KTURND_DAEMON_H */
