// SPDX-License-Identifier: BSD-3-Clause
/* What a reader has to know: above all whether the generator was the limit. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "bench/report.h"

/* Of a thread's time; above, it has none left to wait for anything. */
#define BUSY_PERCENT	90
/* Left out of what was due; less is a hiccup. */
#define LIMIT_PERCENT	1

__attribute__((format(printf, 2, 3)))
static void note(struct notes *notes, const char *format, ...)
{
	va_list ap;

	if (notes->count == REPORT_NOTES_MAX)
		return;
	va_start(ap, format);
	vsnprintf(notes->text[notes->count++], REPORT_NOTE_LEN, format, ap);
	va_end(ap);
}

/* Something that should not have happened, and how often it has. */
static void note_count(struct notes *notes, uint64_t count, const char *what)
{
	if (count)
		note(notes, "%" PRIu64 " %s", count, what);
}

static void note_limits(const struct report *r, struct notes *notes)
{
	const struct results *results = &r->results;
	uint64_t due = results->skipped + results->ways[WAY_TO_PEER].sent +
		       results->ways[WAY_TO_CLIENT].sent;
	double skipped = due ? 100.0 * (double)results->skipped /
			       (double)due : 0;
	double busy = r->measured_ns ? 100.0 * (double)results->busiest_ns /
		      (double)r->measured_ns : 0;

	for (unsigned int way = 0; way < WAYS; way++) {
		uint64_t here = results_lost_here(&results->ways[way]);

		if (here)
			note(notes, "the generator was the limit: %" PRIu64 " of the %" PRIu64 " lost (%s) had reached this host, but its sockets were full (%u bytes each); more --threads, a larger --socket-buffer, or less load",
			     here, results_lost(&results->ways[way]),
			     report_way_name(r, (enum way)way),
			     r->socket_buffer);
	}
	if (results->skipped)
		note(notes, "%s fell behind its rate and left out %" PRIu64 " datagrams (%.2f %%); more --threads, or a lower --rate",
		     skipped > LIMIT_PERCENT ? "the generator was the limit: it" :
					       "at times the generator",
		     results->skipped, skipped);
	if (busy > BUSY_PERCENT)
		note(notes, "the generator may be the limit: a thread was busy for %.0f %% of the time; more --threads",
		     busy);
	if (r->socket_buffer < r->options->socket_buffer)
		note(notes, "sockets have buffers of %u bytes, not %u: raise net.core.rmem_max and net.core.wmem_max, or be root",
		     r->socket_buffer, r->options->socket_buffer);
}

static void note_oddities(const struct report *r, struct notes *notes)
{
	const struct results *results = &r->results;

	if (results->lost_allocations)
		note(notes, "%" PRIu64 " allocations were lost before the end; the first: %s",
		     results->lost_allocations, r->first_error);
	note_count(notes, results->misrouted,
		   "datagrams came to the wrong client or peer, by the wrong channel, or from the wrong address");
	note_count(notes, results->damaged,
		   "datagrams were not as they had been sent");
	if (results->send_errors)
		note(notes, "this host's system refused to send %" PRIu64 " datagrams; the first: %s",
		     results->send_errors, strerror(results->send_errno));
	note_count(notes, results->refused,
		   "ICMP errors came back: there was nobody at the server's port, or at a relayed one");
	note_count(notes, results->stalls,
		   "times nothing that was under way arrived for 200 ms, and sending began anew");
	note_count(notes, results->foreign,
		   "datagrams arrived that this run had not sent");
	note_count(notes, results->clock_steps,
		   "datagrams arrived before they were sent: this host's clock was set meanwhile, and latencies are wrong");
}

void report_notes(const struct report *r, struct notes *notes)
{
	notes->count = 0;
	if (r->interrupted)
		note(notes, "interrupted after %.1f of %.1f seconds",
		     (double)r->measured_ns / 1e9,
		     (double)r->options->duration_ns / 1e9);
	note_limits(r, notes);
	note_oddities(r, notes);
	if (r->options->traffic == TRAFFIC_ROUND_TRIP && r->own_peers)
		note(notes, "%" PRIu64 " of the %" PRIu64 " datagrams reached the peers, which sent them back",
		     r->results.echoed, r->results.ways[WAY_TO_PEER].sent);
}
