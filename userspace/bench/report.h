/* SPDX-License-Identifier: BSD-3-Clause */
/* Telling what came of it: a table, JSON, a plot. */
#ifndef KTURN_BENCH_REPORT_H
#define KTURN_BENCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/options.h"
#include "bench/results.h"

#define REPORT_NOTES_MAX	16
#define REPORT_NOTE_LEN		480

/**
 * struct report - what came of a run
 * @options: what was asked for
 * @server: the server's transport address
 * @results: what was counted
 * @set_up_ns: how long allocations and channels took
 * @measured_ns: how long it measured
 * @interrupted: the operator ended it
 * @own_peers: peers were this process's own
 * @socket_buffer: receive buffer that sockets really had, in bytes
 * @first_error: why the first allocation was lost, or ""
 */
struct report {
	const struct options *options;
	struct transport_addr server;
	struct results results;
	uint64_t set_up_ns;
	uint64_t measured_ns;
	bool interrupted;
	bool own_peers;
	unsigned int socket_buffer;
	const char *first_error;
};

/**
 * struct notes - what a reader of the figures has to know, in sentences
 * @count: how many
 * @text: the sentences
 */
struct notes {
	unsigned int count;
	char text[REPORT_NOTES_MAX][REPORT_NOTE_LEN];
};

/** report_notes() - what is there to be known about these figures */
void report_notes(const struct report *r, struct notes *notes);

/** report_way_name() - "to peer", "to client" or "round trip" */
const char *report_way_name(const struct report *r, enum way way);

/** report_loss() - percent of what was sent one way and did not arrive */
double report_loss(const struct way_results *way);

/** report_table() - for people */
void report_table(const struct report *r, FILE *out);

/** report_json() - for programs; 0 or -ENOMEM */
int report_json(const struct report *r, FILE *out);

/** report_svg() - latencies over percentiles, as a picture */
void report_svg(const struct report *r, FILE *out);

/**
 * report_write() - all of them, to where the command line says
 * @r: the report
 *
 * Return: 0, or a negative errno after saying what cannot be written.
 */
int report_write(const struct report *r);

#endif /* KTURN_BENCH_REPORT_H */
