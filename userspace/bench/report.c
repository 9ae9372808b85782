// SPDX-License-Identifier: BSD-3-Clause
#include "bench/report.h"

#include <inttypes.h>

#include "version.h"

const char *report_way_name(const struct report *r, enum way way)
{
	if (way == WAY_TO_CLIENT)
		return "to client";
	return r->options->traffic == TRAFFIC_ROUND_TRIP ? "round trip"
							 : "to peer";
}

double report_loss(const struct way_results *way)
{
	return way->sent ? 100.0 * (double)results_lost(way) /
			   (double)way->sent : 0;
}

static void print_sizes(const struct size_mix *mix, FILE *out)
{
	for (unsigned int i = 0; i < mix->count; i++) {
		fprintf(out, "%s%u", i ? ", " : "", mix->entries[i].size);
		if (mix->count > 1)
			fprintf(out, " (%.0f %%)", 100.0 *
				mix->entries[i].weight / mix->total);
	}
	fputs(" bytes of payload", out);
}

static void print_head(const struct report *r, FILE *out)
{
	const struct options *o = r->options;
	char addr[TRANSPORT_ADDR_STRLEN];

	fprintf(out, "kturn-bench " KTURN_VERSION ": %s, %u allocation%s with %u channel%s%s, set up in %.2f s\n",
		transport_addr_print(&r->server, addr), o->allocations,
		o->allocations == 1 ? "" : "s", o->channels,
		o->channels == 1 ? "" : "s", o->allocations == 1 ? "" : " each",
		(double)r->set_up_ns / 1e9);
	fprintf(out, "  %s, ", traffic_name(o->traffic));
	print_sizes(&o->sizes, out);
	if (o->rate)
		fprintf(out, ", %" PRIu64 " datagrams/s in all", o->rate);
	else if (o->in_flight)
		fprintf(out, ", flat out with at most %" PRIu64 " under way each way",
			o->in_flight);
	else
		fputs(", flat out", out);
	fprintf(out, "; %u thread%s, measured for %.1f s\n\n", o->threads,
		o->threads == 1 ? "" : "s", (double)r->measured_ns / 1e9);
}

static void print_counts(const struct report *r, enum way which, FILE *out)
{
	const struct way_results *w = &r->results.ways[which];
	double seconds = (double)r->measured_ns / 1e9;

	if (seconds == 0)
		seconds = 1;
	fprintf(out, "%-13s%12" PRIu64 "%12" PRIu64 "%10" PRIu64 "%9.3f%11" PRIu64 "%11" PRIu64 "%11.0f%10.2f\n",
		report_way_name(r, which), w->sent, w->received,
		results_lost(w), report_loss(w), w->reordered, w->duplicates,
		(double)w->received / seconds,
		(double)w->received_bytes * 8 / seconds / 1e6);
}

static void print_latencies(const struct report *r, enum way which, FILE *out)
{
	static const uint32_t percentiles[] = {
		PERCENTILE(50), PERCENTILE(90), PERCENTILE(99),
		PERCENTILE(99.9),
	};
	const struct histogram *h = &r->results.ways[which].latency;

	fprintf(out, "%-13s%12.1f%12.1f", report_way_name(r, which),
		(double)h->min / 1e3, histogram_mean(h) / 1e3);
	for (unsigned int i = 0; i < 4; i++)
		fprintf(out, "%12.1f",
			(double)histogram_percentile(h, percentiles[i]) / 1e3);
	fprintf(out, "%12.1f\n", (double)h->max / 1e3);
}

void report_table(const struct report *r, FILE *out)
{
	struct notes notes;

	print_head(r, out);
	fprintf(out, "%-13s%12s%12s%10s%9s%11s%11s%11s%10s\n", "", "sent",
		"received", "lost", "lost %", "reordered", "duplicate",
		"received/s", "Mbit/s");
	for (unsigned int way = 0; way < WAYS; way++) {
		if (options_way_used(r->options, (enum way)way))
			print_counts(r, (enum way)way, out);
	}
	fprintf(out, "\n%-13s%12s%12s%12s%12s%12s%12s%12s\n", "latency, us",
		"min", "mean", "p50", "p90", "p99", "p99.9", "max");
	for (unsigned int way = 0; way < WAYS; way++) {
		if (options_way_used(r->options, (enum way)way))
			print_latencies(r, (enum way)way, out);
	}
	report_notes(r, &notes);
	if (notes.count)
		fputc('\n', out);
	for (unsigned int i = 0; i < notes.count; i++)
		fprintf(out, "note: %s\n", notes.text[i]);
}
