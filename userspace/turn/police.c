// SPDX-License-Identifier: BSD-3-Clause
#include "turn/allocation.h"
#include "turn/police.h"
#include "turn/shared.h"

#define NS_PER_SEC 1000000000u
#define NS_PER_MS 1000000u

bool turn_bucket_take(struct turn_bucket *bucket, uint64_t rate, size_t bytes,
		      uint64_t now)
{
	uint64_t cost = bytes * NS_PER_SEC / rate, ns = now * NS_PER_MS;
	uint64_t old = atomic_load_explicit(&bucket->full_at,
					    memory_order_relaxed);
	uint64_t from;

	do {
		from = old > ns ? old : ns;
		if (from > ns && from + cost > ns + NS_PER_SEC)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&bucket->full_at, &old,
							from + cost,
							memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

/* Take, whatever is in it. Returns milliseconds until it can be taken from. */
static uint64_t charge(struct turn_bucket *bucket, uint64_t rate,
		       size_t bytes, uint64_t now)
{
	uint64_t cost = bytes * NS_PER_SEC / rate, ns = now * NS_PER_MS;
	uint64_t old = atomic_load_explicit(&bucket->full_at,
					    memory_order_relaxed);
	uint64_t full_at;

	do {
		full_at = (old > ns ? old : ns) + cost;
	} while (!atomic_compare_exchange_weak_explicit(&bucket->full_at, &old,
							full_at,
							memory_order_relaxed,
							memory_order_relaxed));
	return full_at > ns + NS_PER_SEC ?
	       (full_at - ns - NS_PER_SEC) / NS_PER_MS + 1 : 0;
}

uint64_t turn_police_pause(struct turn_allocation *a, enum turn_dir dir,
			   size_t bytes, uint64_t now)
{
	const struct turn_config *cfg = a->srv->cfg;
	uint64_t one = 0, all = 0;

	if (cfg->max_bps)
		one = charge(&a->limits[dir], cfg->max_bps, bytes, now);
	if (cfg->bps_capacity)
		all = charge(&a->srv->shared->limits[dir], cfg->bps_capacity,
			     bytes, now);
	return one > all ? one : all;
}

bool turn_police(struct turn_allocation *a, enum turn_dir dir, size_t bytes,
		 uint64_t now)
{
	const struct turn_config *cfg = a->srv->cfg;
	uint64_t max_bps = turn_max_bps(a);

	if ((!max_bps ||
	     turn_bucket_take(&a->limits[dir], max_bps, bytes, now)) &&
	    (!cfg->bps_capacity ||
	     turn_bucket_take(&a->srv->shared->limits[dir], cfg->bps_capacity,
			      bytes, now)))
		return true;
	turn_drop(a->srv, TURN_DROP_RATE);
	return false;
}
