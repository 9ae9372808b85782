/* SPDX-License-Identifier: BSD-3-Clause */
/* Progress on stderr: a line that is written over, or one now and then. */
#ifndef KTURN_BENCH_DISPLAY_H
#define KTURN_BENCH_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/generator.h"

/**
 * struct display - what is shown, and was
 * @options: the command line
 * @terminal: stderr is one
 * @at: when progress was last shown
 * @sent: datagrams sent by then
 * @received: datagrams received by then
 */
struct display {
	const struct options *options;
	bool terminal;
	uint64_t at;
	uint64_t sent;
	uint64_t received;
};

/** display_start() - the run begins */
void display_start(struct display *d, const struct options *options);

/** display_set_up() - show how far setting up has come, if it is time to */
void display_set_up(struct display *d, const struct generator *generators);

/** display_traffic() - show what is sent and received, if it is time to */
void display_traffic(struct display *d, const struct generator *generators);

/** display_end() - clear the line, for something else is to be said */
void display_end(const struct display *d);

#endif /* KTURN_BENCH_DISPLAY_H */
