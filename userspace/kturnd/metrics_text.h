/* SPDX-License-Identifier: BSD-3-Clause */
/* All counters, in Prometheus' text format. */
#ifndef KTURN_KTURND_METRICS_TEXT_H
#define KTURN_KTURND_METRICS_TEXT_H

#include "fastpath/fastpath.h"

struct daemon;
struct evbuffer;

/* Users that are named at most (prometheus-username-labels). */
#define METRICS_USERS_MAX 1000

/**
 * struct kernel_totals - the module's counters over several lives of it
 * @before: of earlier lives
 * @now: of this one
 *
 * Counters must not go back because the module was loaded anew.
 */
struct kernel_totals {
	struct fastpath_stats before;
	struct fastpath_stats now;
};

/** kernel_totals_take() - take over what the module counts now */
void kernel_totals_take(struct kernel_totals *totals,
			const struct fastpath_stats *stats);

/** kernel_totals_get() - the sum */
void kernel_totals_get(const struct kernel_totals *totals,
		       struct fastpath_stats *sum);

/**
 * metrics_text() - write down all there is
 * @daemon: the daemon
 * @kernel: what is known of the module's counters; brought up to date
 * @out: where to
 *
 * Return: 0 or -ENOMEM.
 */
int metrics_text(const struct daemon *daemon, struct kernel_totals *kernel,
		 struct evbuffer *out);

/**
 * metrics_label() - a label's value as the format wants it
 * @text: any bytes
 * @len: how many
 * @out: filled: quotes escaped; what is no printable ASCII, and %, as %xx
 * @size: its size in bytes; a long value is cut
 *
 * Return: @out.
 */
const char *metrics_label(const char *text, size_t len, char *out,
			  size_t size);

#endif /* KTURN_KTURND_METRICS_TEXT_H */
