// SPDX-License-Identifier: GPL-2.0-only
/*
 * Totals of a network namespace.
 */
#include <linux/compiler.h>
#include <linux/cpumask.h>

#include "stats.h"

/**
 * kturn_stats_sum() - add up the counters of all CPUs
 * @stats: the counters
 * @sum: where to; the counters may run on meanwhile
 */
void kturn_stats_sum(const struct kturn_stats __percpu *stats,
		     struct kturn_stats *sum)
{
	const size_t words = sizeof(*sum) / sizeof(u64);
	u64 *to = (u64 *)sum;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const u64 *from = (const u64 *)per_cpu_ptr(stats, cpu);
		size_t i;

		for (i = 0; i < words; i++)
			to[i] += READ_ONCE(from[i]);
	}
}
