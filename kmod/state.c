// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a namespace holds: limits, the sweep, set-up.
 */
#include <linux/slab.h>

#include "objects.h"
#include "tables.h"

/* Deadlines that one sweep looks at before it lets others have the lock. */
#define KTURN_SWEEP_BATCH	256

/* What one user may have: an allocation, a permission, a channel, a blob. */
static_assert(sizeof(struct kturn_allocation) + KTURN_USERDATA_MAX +
	      sizeof(struct kturn_permission) +
	      sizeof(struct kturn_channel) <= 1024 - 64);
static_assert(sizeof(struct kturn_flow) == 64);
static_assert(offsetof(struct kturn_channel, to_peer) == 128);
static_assert(offsetof(struct kturn_channel, to_client) == 192);
/* Deadlines and counters are single words. */
static_assert(sizeof(long) == 8);

struct kmem_cache *kturn_allocation_cache;
struct kmem_cache *kturn_permission_cache;
struct kmem_cache *kturn_channel_cache;

static void due_take(struct kturn_net *kn, struct kturn_due *due)
{
	const enum kturn_del_reason reason = KTURN_DEL_REASON_EXPIRED;

	switch (due->kind) {
	case KTURN_DUE_ALLOCATION:
		kturn_allocation_del(kn, container_of(due, struct kturn_allocation, due),
				     reason);
		break;
	case KTURN_DUE_PERMISSION:
		kturn_permission_del(kn, container_of(due, struct kturn_permission, due),
				     reason);
		break;
	case KTURN_DUE_CHANNEL:
		kturn_channel_del(kn, container_of(due, struct kturn_channel, due),
				  reason);
		break;
	}
}

/* Runs every second while the namespace has allocations. */
static void kturn_sweep(struct work_struct *work)
{
	struct kturn_net *kn =
		container_of(to_delayed_work(work), struct kturn_net, sweep);
	unsigned long delay = HZ;
	unsigned int budget = KTURN_SWEEP_BATCH;

	mutex_lock(&kn->lock);
	kturn_move_sweep(kn);
	while (kn->n_allocations) {
		struct kturn_due *due;

		due = kturn_wheel_expired(&kn->wheel, &budget);
		if (!due)
			break;
		due_take(kn, due);
	}
	if (!budget)
		delay = 0;
	if (kn->n_allocations)
		queue_delayed_work(system_power_efficient_wq, &kn->sweep, delay);
	mutex_unlock(&kn->lock);
}

/* set-up */

/**
 * kturn_state_init() - prepare the tables of a namespace
 * @kn: namespace, zeroed
 *
 * Return: 0 or -ENOMEM
 */
int kturn_state_init(struct kturn_net *kn)
{
	mutex_init(&kn->lock);
	INIT_DELAYED_WORK(&kn->sweep, kturn_sweep);
	INIT_LIST_HEAD(&kn->unheard);
	kn->generation = 1;
	kn->max_allocations = 1 << 18;
	kn->max_permissions = 1 << 20;
	kn->max_channels = 1 << 20;

	return kturn_tables_init(kn);
}

/**
 * kturn_state_exit() - take the tables of a namespace down
 * @kn: namespace; no packet and no request can reach it any more
 */
void kturn_state_exit(struct kturn_net *kn)
{
	kturn_flush(kn);
	cancel_delayed_work_sync(&kn->sweep);
	kturn_tables_exit(kn);
}

int __init kturn_state_caches_init(void)
{
	kturn_allocation_cache = KMEM_CACHE(kturn_allocation, 0);
	if (!kturn_allocation_cache)
		return -ENOMEM;
	kturn_permission_cache = KMEM_CACHE(kturn_permission, 0);
	if (!kturn_permission_cache)
		goto err_allocation;
	kturn_channel_cache = KMEM_CACHE(kturn_channel, SLAB_HWCACHE_ALIGN);
	if (!kturn_channel_cache)
		goto err_permission;
	return 0;

err_permission:
	kmem_cache_destroy(kturn_permission_cache);
err_allocation:
	kmem_cache_destroy(kturn_allocation_cache);
	return -ENOMEM;
}

void kturn_state_caches_exit(void)
{
	kmem_cache_destroy(kturn_channel_cache);
	kmem_cache_destroy(kturn_permission_cache);
	kmem_cache_destroy(kturn_allocation_cache);
}
