// SPDX-License-Identifier: BSD-3-Clause
/* The report for programs. README.md lists the members. */
#include <errno.h>
#include <json-c/json.h>

#include "bench/report.h"
#include "version.h"

typedef struct json_object json;

static void add(json *to, const char *name, json *value)
{
	json_object_object_add(to, name, value);
}

static void add_count(json *to, const char *name, uint64_t value)
{
	add(to, name, json_object_new_uint64(value));
}

static void add_number(json *to, const char *name, double value)
{
	add(to, name, json_object_new_double(value));
}

static void add_text(json *to, const char *name, const char *value)
{
	add(to, name, json_object_new_string(value));
}

static json *describe_sizes(const struct size_mix *mix)
{
	json *sizes = json_object_new_array();

	for (unsigned int i = 0; i < mix->count; i++) {
		json *size = json_object_new_object();

		add_count(size, "bytes", mix->entries[i].size);
		add_count(size, "weight", mix->entries[i].weight);
		json_object_array_add(sizes, size);
	}
	return sizes;
}

static json *describe_options(const struct options *o)
{
	json *options = json_object_new_object();

	add_text(options, "direction", traffic_name(o->traffic));
	add_count(options, "allocations", o->allocations);
	add_count(options, "channels", o->channels);
	add_count(options, "threads", o->threads);
	add_count(options, "rate", o->rate);
	if (!o->rate)
		add_count(options, "in_flight", o->in_flight);
	add_count(options, "burst", o->burst);
	add(options, "sizes", describe_sizes(&o->sizes));
	add_number(options, "duration", (double)o->duration_ns / 1e9);
	add_number(options, "warm_up", (double)o->warm_up_ns / 1e9);
	return options;
}

static json *describe_latency(const struct histogram *h)
{
	json *latency = json_object_new_object();
	json *buckets = json_object_new_array();

	add_count(latency, "min", h->min);
	add_number(latency, "mean", histogram_mean(h));
	add_count(latency, "p50", histogram_percentile(h, PERCENTILE(50)));
	add_count(latency, "p90", histogram_percentile(h, PERCENTILE(90)));
	add_count(latency, "p99", histogram_percentile(h, PERCENTILE(99)));
	add_count(latency, "p99.9", histogram_percentile(h, PERCENTILE(99.9)));
	add_count(latency, "max", h->max);
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		json *bucket;

		if (!h->buckets[i])
			continue;
		bucket = json_object_new_array();
		json_object_array_add(bucket, json_object_new_uint64(
			histogram_bucket_max(i)));
		json_object_array_add(bucket,
				      json_object_new_uint64(h->buckets[i]));
		json_object_array_add(buckets, bucket);
	}
	add(latency, "histogram", buckets);
	return latency;
}

static json *describe_way(const struct report *r, enum way which)
{
	const struct way_results *w = &r->results.ways[which];
	double seconds = r->measured_ns ? (double)r->measured_ns / 1e9 : 1;
	json *way = json_object_new_object();

	add_count(way, "sent", w->sent);
	add_count(way, "sent_bytes", w->sent_bytes);
	add_count(way, "received", w->received);
	add_count(way, "received_bytes", w->received_bytes);
	add_count(way, "lost", results_lost(w));
	add_count(way, "lost_here", results_lost_here(w));
	add_number(way, "loss_percent", report_loss(w));
	add_count(way, "reordered", w->reordered);
	add_count(way, "duplicates", w->duplicates);
	add_count(way, "stale", w->stale);
	add_number(way, "sent_per_second", (double)w->sent / seconds);
	add_number(way, "received_per_second", (double)w->received / seconds);
	add_number(way, "received_bits_per_second",
		   (double)w->received_bytes * 8 / seconds);
	add(way, "latency_ns", describe_latency(&w->latency));
	return way;
}

static json *describe_generator(const struct report *r)
{
	const struct results *results = &r->results;
	json *generator = json_object_new_object();
	double ns = r->measured_ns ? (double)r->measured_ns : 1;

	add_number(generator, "cpu_percent",
		   100.0 * (double)results->cpu_ns / ns);
	add_number(generator, "busiest_thread_percent",
		   100.0 * (double)results->busiest_ns / ns);
	add_count(generator, "socket_buffer", r->socket_buffer);
	add_count(generator, "skipped", results->skipped);
	add_count(generator, "send_errors", results->send_errors);
	add_count(generator, "stalls", results->stalls);
	add_count(generator, "clock_steps", results->clock_steps);
	return generator;
}

static json *describe_notes(const struct report *r)
{
	json *list = json_object_new_array();
	struct notes notes;

	report_notes(r, &notes);
	for (unsigned int i = 0; i < notes.count; i++)
		json_object_array_add(list,
				      json_object_new_string(notes.text[i]));
	return list;
}

static json *describe(const struct report *r)
{
	const struct results *results = &r->results;
	bool round_trip = r->options->traffic == TRAFFIC_ROUND_TRIP;
	char addr[TRANSPORT_ADDR_STRLEN];
	json *all = json_object_new_object();

	add_text(all, "version", KTURN_VERSION);
	add_text(all, "server", transport_addr_print(&r->server, addr));
	add(all, "options", describe_options(r->options));
	add_number(all, "set_up_seconds", (double)r->set_up_ns / 1e9);
	add_number(all, "seconds", (double)r->measured_ns / 1e9);
	add(all, "interrupted", json_object_new_boolean(r->interrupted));
	if (options_way_used(r->options, WAY_TO_PEER))
		add(all, round_trip ? "round_trip" : "to_peer",
		    describe_way(r, WAY_TO_PEER));
	if (options_way_used(r->options, WAY_TO_CLIENT))
		add(all, "to_client", describe_way(r, WAY_TO_CLIENT));
	if (round_trip && r->own_peers)
		add_count(all, "reached_peers", results->echoed);
	add_count(all, "lost_allocations", results->lost_allocations);
	add_count(all, "misrouted", results->misrouted);
	add_count(all, "damaged", results->damaged);
	add_count(all, "foreign", results->foreign);
	add_count(all, "icmp_errors", results->refused);
	add(all, "generator", describe_generator(r));
	add(all, "notes", describe_notes(r));
	return all;
}

int report_json(const struct report *r, FILE *out)
{
	json *document = describe(r);
	const char *text = json_object_to_json_string_ext(document,
		JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text)
		fprintf(out, "%s\n", text);
	json_object_put(document);
	return text ? 0 : -ENOMEM;
}
