/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A log-linear histogram of durations, as HdrHistogram's: each power of two is
 * cut into equal parts. Its memory does not grow with what is counted, and a
 * percentile is right to within 1/HISTOGRAM_PARTS, 0.8 %, of its value.
 */
#ifndef KTURN_BENCH_HISTOGRAM_H
#define KTURN_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_PART_BITS	7
#define HISTOGRAM_PARTS		(1 << HISTOGRAM_PART_BITS)
/* Values from 2^36 ns on, 69 seconds, count as the largest that is told. */
#define HISTOGRAM_VALUE_BITS	36
#define HISTOGRAM_BUCKETS \
	((HISTOGRAM_VALUE_BITS - HISTOGRAM_PART_BITS + 1) * HISTOGRAM_PARTS)

/* Percentiles are given in thousandths of a percent: 99900 is p99.9. */
#define PERCENTILE(percent) ((uint32_t)((percent) * 1000 + 0.5))

/**
 * struct histogram - counted durations; zero-initialise it
 * @count: how many
 * @sum: of all of them, in nanoseconds
 * @min: the least, in nanoseconds; only meaningful when @count is not 0
 * @max: the greatest, in nanoseconds
 * @buckets: how many by value, see histogram_bucket_max()
 */
struct histogram {
	uint64_t count;
	uint64_t sum;
	uint64_t min;
	uint64_t max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

/** histogram_add() - count one duration, in nanoseconds */
void histogram_add(struct histogram *h, uint64_t ns);

/** histogram_merge() - count in @h what was counted in @other, too */
void histogram_merge(struct histogram *h, const struct histogram *other);

/**
 * histogram_percentile() - the duration that so many do not exceed
 * @h: the histogram
 * @percentile: in thousandths of a percent, see PERCENTILE()
 *
 * Return: nanoseconds, at most 1/HISTOGRAM_PARTS above the exact value and
 * never above @max; 0 if nothing was counted.
 */
uint64_t histogram_percentile(const struct histogram *h, uint32_t percentile);

/** histogram_mean() - in nanoseconds; 0 if nothing was counted */
double histogram_mean(const struct histogram *h);

/** histogram_bucket_max() - the greatest duration that a bucket counts */
uint64_t histogram_bucket_max(unsigned int bucket);

#endif /* KTURN_BENCH_HISTOGRAM_H */
