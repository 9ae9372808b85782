/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters for Prometheus, by HTTP: "/" says that the server is alive, the
 * configured path gives what metrics_text.h writes.
 */
#ifndef KTURN_KTURND_METRICS_H
#define KTURN_KTURND_METRICS_H

#include <stddef.h>

#include "kturnd/config.h"

struct daemon;
struct metrics;

/**
 * metrics_open() - listen, if the configuration wants it
 * @daemon: the daemon, whose event loop answers
 * @cfg: the configuration
 * @metrics: filled; NULL if it is not wanted. What the daemon has already is
 *	given again if it listens where it should.
 * @why: on failure, what is wrong and what to do
 * @size: its size in bytes
 *
 * Return: 0 or a negative errno.
 */
int metrics_open(struct daemon *daemon, const struct kturnd_config *cfg,
		 struct metrics **metrics, char *why, size_t size);

/**
 * metrics_use() - from now on this is the daemon's
 * @daemon: the daemon; what it had is closed, unless it is the same
 * @metrics: what metrics_open() gave
 */
void metrics_use(struct daemon *daemon, struct metrics *metrics);

/** metrics_close() - stop listening; not what the daemon has in use */
void metrics_close(const struct daemon *daemon, struct metrics *metrics);

#endif /* KTURN_KTURND_METRICS_H */
