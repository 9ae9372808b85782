// SPDX-License-Identifier: BSD-3-Clause
#include "bench/display.h"

#include <stdio.h>
#include <unistd.h>

#define S		1000000000ULL
#define ON_TERMINAL	(1 * S)
#define ELSEWHERE	(10 * S)

void display_start(struct display *d, const struct options *options)
{
	*d = (struct display){
		.options = options,
		.terminal = isatty(STDERR_FILENO),
		.at = monotonic_ns(),
	};
}

static bool is_time(const struct display *d, uint64_t now)
{
	return !d->options->quiet &&
	       now - d->at >= (d->terminal ? ON_TERMINAL : ELSEWHERE);
}

static void show(struct display *d, uint64_t now, const char *text)
{
	fprintf(stderr, d->terminal ? "\r\033[K%s" : "%s\n", text);
	d->at = now;
}

void display_set_up(struct display *d, const struct generator *generators)
{
	uint64_t now = monotonic_ns();
	unsigned int ready = 0;
	char text[80];

	if (!is_time(d, now))
		return;
	for (unsigned int i = 0; i < d->options->threads; i++)
		ready += generators[i].progress.clients;
	snprintf(text, sizeof(text), "setting up: %u of %u allocations", ready,
		 d->options->allocations);
	show(d, now, text);
}

void display_traffic(struct display *d, const struct generator *generators)
{
	const struct run *run = generators[0].run;
	uint64_t now = monotonic_ns(), end = run->end_ns;
	double seconds = (double)(now - d->at) / 1e9;
	uint64_t sent = 0, received = 0;
	char text[120];

	if (!is_time(d, now))
		return;
	for (unsigned int i = 0; i < d->options->threads; i++) {
		sent += generators[i].progress.sent;
		received += generators[i].progress.received;
	}
	snprintf(text, sizeof(text), "%s: %.0f sent/s, %.0f received/s, %.0f s to go",
		 now < run->measure_ns ? "warming up" : "measuring",
		 (double)(sent - d->sent) / seconds,
		 (double)(received - d->received) / seconds,
		 now < end ? (double)(end - now) / 1e9 : 0);
	show(d, now, text);
	d->sent = sent;
	d->received = received;
}

void display_end(const struct display *d)
{
	if (!d->options->quiet && d->terminal)
		fputs("\r\033[K", stderr);
}
