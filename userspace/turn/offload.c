// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>

#include "turn/allocation.h"
#include "turn/offload.h"
#include "turn/userdata.h"

/* Permissions and channels told to the module in one call. */
#define PEERS_MAX 32

/* The module refuses longer ones, and rounds nothing up: KTURN_TIMEOUT_MAX. */
#define TIMEOUT_MAX 604800000u

/* Milliseconds between two warnings of refusals. */
#define COMPLAIN_INTERVAL 10000

/* Permissions and channels on their way to the module. */
struct batch {
	struct turn_allocation *a;
	uint64_t now;
	int err;
	size_t n;
	struct turn_fastpath_peer peers[PEERS_MAX];
};

static uint32_t time_left(uint64_t expires, uint64_t now)
{
	uint64_t left = expires > now ? expires - now : 1;

	return left < TIMEOUT_MAX ? (uint32_t)left : TIMEOUT_MAX;
}

static const struct turn_fastpath_ops *fastpath(const struct turn_allocation *a)
{
	return a->srv->ops->fastpath;
}

void turn_offload_forget(struct turn_allocation *a)
{
	if (!a->fastpath_id)
		return;
	turn_table_remove(&a->srv->by_fastpath_id, &a->by_fastpath_id);
	a->fastpath_id = 0;
	turn_uncount(&a->srv->stats.offloaded);
}

void turn_offload_end(struct turn_allocation *a)
{
	uint32_t id = a->fastpath_id;

	if (!id)
		return;
	turn_offload_forget(a);
	fastpath(a)->allocation_del(a->srv->env, id);
}

/*
 * A module at its limit refuses every allocation from then on: say so loudly
 * once in a while, not a hundred thousand times.
 */
static enum turn_log_level complaint(struct turn_server *srv, uint64_t now)
{
	if (srv->fastpath_complain_after > now)
		return TURN_LOG_DEBUG;
	srv->fastpath_complain_after = now + COMPLAIN_INTERVAL;
	return TURN_LOG_WARNING;
}

/* The module did not take all of it, so it gets none of it. */
static void withdraw(struct turn_allocation *a, int err, uint64_t now)
{
	if (err == -ENODEV) {
		/* turn_server_fastpath_down() is about to be called. */
		turn_offload_forget(a);
		return;
	}
	turn_log(a->srv, complaint(a->srv, now), a,
		 "relayed in userspace, for the module refused it: %s",
		 strerror(-err));
	turn_count(&a->srv->stats.fastpath_failures);
	turn_offload_end(a);
	a->offload_after = now + TURN_OFFLOAD_RETRY;
}

static void batch_flush(struct batch *b)
{
	if (b->n && !b->err)
		b->err = fastpath(b->a)->peers_set(b->a->srv->env,
						   b->a->fastpath_id,
						   b->peers, b->n);
	b->n = 0;
}

static struct turn_fastpath_peer *batch_next(struct batch *b,
					     const struct turn_permission *p)
{
	struct turn_fastpath_peer *entry;

	if (b->n == PEERS_MAX)
		batch_flush(b);
	entry = &b->peers[b->n++];
	*entry = (struct turn_fastpath_peer){
		.peer = p->peer,
		.permission_ms = time_left(p->expires, b->now),
	};
	return entry;
}

static void batch_channel(struct batch *b, const struct turn_channel *c)
{
	struct turn_fastpath_peer *entry = batch_next(b, c->permission);

	entry->peer = c->peer;
	entry->channel = c->number;
	entry->channel_ms = time_left(c->expires, b->now);
}

/*
 * A permission with all of its channels. Where it has expired there is nothing
 * to tell: without a permission the module drops what the channels would
 * carry, and so must we.
 */
static void batch_permission(struct batch *b, const struct turn_permission *p)
{
	const struct turn_channel *c;

	if (p->expires <= b->now)
		return;
	batch_next(b, p);
	if (!p->n_channels)
		return;
	LIST_FOREACH(c, &b->a->channels, link)
		if (c->permission == p && c->expires > b->now)
			batch_channel(b, c);
}

static void batch_everything(struct batch *b)
{
	const struct turn_permission *p;
	const struct turn_channel *c;

	LIST_FOREACH(p, &b->a->permissions, link)
		if (p->expires > b->now)
			batch_next(b, p);
	LIST_FOREACH(c, &b->a->channels, link)
		if (c->permission->expires > b->now && c->expires > b->now)
			batch_channel(b, c);
}

static bool eligible(const struct turn_allocation *a)
{
	return a->srv->fastpath_up && a->tuple.transport == TURN_UDP;
}

static void install(struct turn_allocation *a, uint64_t now)
{
	uint8_t userdata[TURN_USERDATA_MAX];
	struct turn_fastpath_allocation fa = {
		.client = a->tuple.client,
		.server = a->tuple.server,
		.relayed_ipv4 = a->legs[TURN_LEG_IPV4].relay.bound,
		.relayed_ipv6 = a->legs[TURN_LEG_IPV6].relay.bound,
		.timeout_ms = time_left(turn_allocation_expires(a), now),
		.max_bps = a->srv->cfg->max_bps,
		.userdata = userdata,
		.userdata_len = turn_userdata_write(a, userdata),
	};
	struct batch b = { .a = a, .now = now };
	uint32_t id = 0;
	int err;

	err = fastpath(a)->allocation_new(a->srv->env, &fa, &id);
	if (err) {
		withdraw(a, err, now);
		return;
	}
	a->fastpath_id = id;
	turn_table_insert(&a->srv->by_fastpath_id, &a->by_fastpath_id, id);
	turn_count(&a->srv->stats.offloaded);
	batch_everything(&b);
	batch_flush(&b);
	if (b.err)
		withdraw(a, b.err, now);
}

void turn_offload_begin(struct turn_allocation *a, uint64_t now)
{
	if (a->fastpath_id || now < a->offload_after || !eligible(a))
		return;
	turn_timer_unset(&a->srv->timers, &a->offload_timer);
	install(a, now);
}

void turn_offload_fire(struct turn_timer *timer, uint64_t now)
{
	struct turn_allocation *a =
		container_of(timer, struct turn_allocation, offload_timer);

	turn_offload_begin(a, now);
}

void turn_offload_refresh(struct turn_allocation *a, uint64_t now)
{
	uint32_t left = time_left(turn_allocation_expires(a), now);
	int err;

	if (!a->fastpath_id) {
		turn_offload_begin(a, now);
		return;
	}
	err = fastpath(a)->allocation_set(a->srv->env, a->fastpath_id, left);
	if (err)
		withdraw(a, err, now);
}

void turn_offload_permission(struct turn_permission *p, bool revived,
			     uint64_t now)
{
	struct batch b = { .a = p->allocation, .now = now };

	if (!b.a->fastpath_id) {
		turn_offload_begin(b.a, now);
		return;
	}
	if (revived)
		batch_permission(&b, p);
	else
		batch_next(&b, p);
	batch_flush(&b);
	if (b.err)
		withdraw(b.a, b.err, now);
}

void turn_offload_channel(struct turn_channel *c, uint64_t now)
{
	struct batch b = { .a = c->allocation, .now = now };

	if (!b.a->fastpath_id) {
		turn_offload_begin(b.a, now);
		return;
	}
	batch_channel(&b, c);
	batch_flush(&b);
	if (b.err)
		withdraw(b.a, b.err, now);
}

/* --- news of the module ---------------------------------------------------- */

void turn_server_fastpath_up(struct turn_server *srv, uint64_t now)
{
	struct turn_allocation *a;

	srv->fastpath_up = !!srv->ops->fastpath;
	if (!srv->fastpath_up)
		return;
	LIST_FOREACH(a, &srv->allocations, link) {
		turn_offload_forget(a);
		a->offload_after = 0;
		turn_timer_set(&srv->timers, &a->offload_timer, now);
	}
}

void turn_server_fastpath_down(struct turn_server *srv)
{
	struct turn_allocation *a;

	srv->fastpath_up = false;
	LIST_FOREACH(a, &srv->allocations, link) {
		turn_offload_forget(a);
		turn_timer_unset(&srv->timers, &a->offload_timer);
	}
}

void turn_server_fastpath_gone(struct turn_server *srv, uint32_t id,
			       uint64_t now)
{
	struct turn_table_node *n = turn_table_first(&srv->by_fastpath_id, id);
	struct turn_allocation *a;

	if (!n || !srv->fastpath_up)
		return;
	a = container_of(n, struct turn_allocation, by_fastpath_id);
	turn_log(srv, TURN_LOG_DEBUG, a, "the module lost it");
	turn_offload_end(a);
	a->offload_after = now + TURN_OFFLOAD_RESTORE;
	turn_timer_set(&srv->timers, &a->offload_timer, a->offload_after);
}
