// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits on bytes per second: application data, each direction by itself.
 *
 * A limit is a token bucket that holds a second's worth, kept as the time at
 * which it will be full again: one word, changed without a lock. Those of an
 * allocation are written only by packets of that allocation. Of the limit on
 * all, every CPU takes a share at a time and spends it alone.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>

#include "objects.h"
#include "police.h"

#define KTURN_BURST_NS	NSEC_PER_SEC

/* A CPU's share of the limit on all: bytes, or a 64th of a second if less. */
#define KTURN_SHARE	65536

static bool bucket_take(atomic64_t *full_at, u64 rate, u32 bytes)
{
	u64 cost = div64_u64((u64)bytes * NSEC_PER_SEC, rate);
	u64 now = ktime_get_coarse_ns();
	s64 old = atomic64_read(full_at);
	u64 from;

	do {
		from = max_t(u64, old, now);
		/* A full bucket lets even the longest packet through. */
		if (from > now && from + cost > now + KTURN_BURST_NS)
			return false;
	} while (!atomic64_try_cmpxchg(full_at, &old, from + cost));
	return true;
}

static bool share_take(struct kturn_net *kn, u64 rate, enum kturn_dir dir,
		       u32 bytes)
{
	u64 *share = this_cpu_ptr(kn->shares)->bytes + dir;

	if (*share < bytes) {
		u32 more = max_t(u32, min_t(u64, rate / 64, KTURN_SHARE), bytes);

		if (!bucket_take(&kn->full_at[dir], rate, more))
			return false;
		*share += more;
	}
	*share -= bytes;
	return true;
}

/**
 * kturn_police() - may this much pass now?
 * @kn: namespace
 * @allocation: whose it is
 * @dir: its direction
 * @bytes: application data
 *
 * What the limit on all refuses has used up the allocation's own; it would
 * have been forwarded, had others sent less.
 *
 * Context: bottom halves off.
 */
bool kturn_police(struct kturn_net *kn, struct kturn_allocation *allocation,
		  enum kturn_dir dir, u32 bytes)
{
	u64 rate = READ_ONCE(allocation->max_bps);

	if (rate && !bucket_take(&allocation->full_at[dir], rate, bytes))
		return false;
	rate = READ_ONCE(kn->max_bps);
	return !rate || share_take(kn, rate, dir, bytes);
}

static void update_channels(struct kturn_net *kn,
			    struct kturn_allocation *allocation)
{
	struct rb_node *node;

	WRITE_ONCE(allocation->policed, allocation->max_bps || kn->max_bps);
	for (node = rb_first(&allocation->channels); node; node = rb_next(node))
		kturn_channel_update_special(rb_entry(node, struct kturn_channel,
						      tree));
}

/**
 * kturn_police_net() - limit all allocations together
 * @kn: namespace
 * @max_bps: bytes per second in each direction; 0 for no limit
 *
 * Context: kturn_net.lock.
 */
void kturn_police_net(struct kturn_net *kn, u64 max_bps)
{
	bool was_limited = kn->max_bps;
	struct kturn_allocation *allocation;
	unsigned long id;

	WRITE_ONCE(kn->max_bps, max_bps);
	if (was_limited == !!max_bps)
		return;
	xa_for_each(&kn->allocations, id, allocation) {
		update_channels(kn, allocation);
		cond_resched();
	}
}
