// SPDX-License-Identifier: BSD-3-Clause
#include "bench/results.h"

static void merge_way(struct way_results *sum, const struct way_results *other)
{
	sum->sent += other->sent;
	sum->sent_bytes += other->sent_bytes;
	sum->received += other->received;
	sum->received_bytes += other->received_bytes;
	sum->reordered += other->reordered;
	sum->duplicates += other->duplicates;
	sum->stale += other->stale;
	sum->host_drops += other->host_drops;
	histogram_merge(&sum->latency, &other->latency);
}

void results_merge(struct results *sum, const struct results *other)
{
	for (unsigned int way = 0; way < WAYS; way++)
		merge_way(&sum->ways[way], &other->ways[way]);
	sum->echoed += other->echoed;
	sum->skipped += other->skipped;
	sum->send_errors += other->send_errors;
	if (!sum->send_errno)
		sum->send_errno = other->send_errno;
	sum->refused += other->refused;
	sum->damaged += other->damaged;
	sum->misrouted += other->misrouted;
	sum->foreign += other->foreign;
	sum->clock_steps += other->clock_steps;
	sum->stalls += other->stalls;
	sum->lost_allocations += other->lost_allocations;
	sum->cpu_ns += other->cpu_ns;
	if (other->cpu_ns > sum->busiest_ns)
		sum->busiest_ns = other->cpu_ns;
}

uint64_t results_lost(const struct way_results *way)
{
	return way->sent > way->received ? way->sent - way->received : 0;
}

uint64_t results_lost_here(const struct way_results *way)
{
	uint64_t lost = results_lost(way);

	return way->host_drops < lost ? way->host_drops : lost;
}
