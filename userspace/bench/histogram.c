// SPDX-License-Identifier: BSD-3-Clause
#include "bench/histogram.h"

/*
 * Below HISTOGRAM_PARTS each value has a bucket of its own. From there on the
 * bits behind the leading one choose the part, and its place the row of parts.
 */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int row;

	if (ns >> HISTOGRAM_VALUE_BITS)
		return HISTOGRAM_BUCKETS - 1;
	if (ns < HISTOGRAM_PARTS)
		return (unsigned int)ns;
	row = 63 - (unsigned int)__builtin_clzll(ns) - HISTOGRAM_PART_BITS;
	return row * HISTOGRAM_PARTS + (unsigned int)(ns >> row);
}

uint64_t histogram_bucket_max(unsigned int bucket)
{
	unsigned int row = bucket / HISTOGRAM_PARTS;

	if (row)
		row--;
	return (((uint64_t)bucket - row * HISTOGRAM_PARTS + 1) << row) - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	if (!h->count || ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
	h->count++;
	h->sum += ns;
	h->buckets[bucket_of(ns)]++;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
	if (!other->count)
		return;
	if (!h->count || other->min < h->min)
		h->min = other->min;
	if (other->max > h->max)
		h->max = other->max;
	h->count += other->count;
	h->sum += other->sum;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->buckets[i] += other->buckets[i];
}

uint64_t histogram_percentile(const struct histogram *h, uint32_t percentile)
{
	uint64_t rank = (h->count * percentile + 99999) / 100000, seen = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen && seen >= rank) {
			uint64_t ns = histogram_bucket_max(i);

			/* The last bucket has no end. */
			return ns > h->max || i + 1 == HISTOGRAM_BUCKETS ?
			       h->max : ns;
		}
	}
	return 0;
}

double histogram_mean(const struct histogram *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0;
}
