// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>

#include "turn/allocation.h"
#include "turn/offload.h"
#include "turn/session.h"
#include "turn/userdata.h"

/* Sessions, and permissions and channels, told to the module in one call. */
#define SESSIONS_MAX 32
#define PEERS_MAX 96

/* The module refuses longer ones, and rounds nothing up: KTURN_TIMEOUT_MAX. */
#define TIMEOUT_MAX 604800000u

/* Milliseconds between two warnings of refusals. */
#define COMPLAIN_INTERVAL 10000

/**
 * struct batch - permissions and channels on their way to the module
 * @srv: the server
 * @now: the time
 * @n: how many there are
 * @owner: of each, the allocation
 * @peers: as the module takes them
 */
struct batch {
	struct turn_server *srv;
	uint64_t now;
	size_t n;
	struct turn_allocation *owner[PEERS_MAX];
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

void turn_offload_detach(struct turn_allocation *a)
{
	if (!a->fastpath_id)
		return;
	turn_table_remove(&a->srv->by_fastpath_id, &a->by_fastpath_id);
	turn_uncount(&a->srv->stats.offloaded);
}

void turn_offload_forget(struct turn_allocation *a)
{
	if (!a->fastpath_id)
		return;
	turn_offload_detach(a);
	a->fastpath_id = 0;
	a->offload_stale = false;
	turn_session_settle(a);
}

void turn_offload_end(struct turn_allocation *a)
{
	uint32_t id = a->fastpath_id;

	if (!id)
		return;
	turn_session_look(a);
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

void turn_offload_redo(struct turn_allocation *a, bool at_once)
{
	if (!a->fastpath_id)
		return;
	if (at_once)
		turn_offload_end(a);
	else
		a->offload_stale = true;
	turn_timer_set(&a->srv->timers, &a->offload_timer, 0);
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

/* What was refused takes its whole allocation out. */
static void batch_flush(struct batch *b)
{
	size_t i;

	if (!b->n)
		return;
	b->srv->ops->fastpath->peers_set(b->srv->env, b->peers, b->n);
	for (i = 0; i < b->n; i++)
		if (b->peers[i].error && b->owner[i]->fastpath_id)
			withdraw(b->owner[i], b->peers[i].error, b->now);
	b->n = 0;
}

static void batch_add(struct batch *b, struct turn_allocation *a,
		      const struct turn_fastpath_peer *entry)
{
	if (b->n == PEERS_MAX)
		batch_flush(b);
	/* It may have been taken out by what went before. */
	if (!a->fastpath_id)
		return;
	b->owner[b->n] = a;
	b->peers[b->n] = *entry;
	b->peers[b->n++].id = a->fastpath_id;
}

static void batch_permission(struct batch *b, const struct turn_permission *p)
{
	const struct turn_fastpath_peer entry = {
		.peer = p->peer,
		.permission_ms = time_left(p->expires, b->now),
	};

	batch_add(b, p->allocation, &entry);
}

/* A channel, with its permission unless that went before. */
static void batch_channel(struct batch *b, const struct turn_channel *c,
			  bool permission)
{
	struct turn_fastpath_peer entry = {
		.peer = c->peer,
		.channel = c->number,
		.channel_ms = time_left(c->expires, b->now),
	};

	if (permission)
		entry.permission_ms = time_left(c->permission->expires, b->now);
	batch_add(b, c->allocation, &entry);
}

/*
 * A permission with all of its channels. Where it has expired there is nothing
 * to tell: without a permission the module drops what the channels would
 * carry, and so must we.
 */
static void batch_revived(struct batch *b, const struct turn_permission *p)
{
	const struct turn_channel *c;

	if (p->expires <= b->now)
		return;
	batch_permission(b, p);
	if (!p->n_channels)
		return;
	LIST_FOREACH(c, &p->allocation->channels, link)
		if (c->permission == p && c->expires > b->now)
			batch_channel(b, c, false);
}

/*
 * All of a session in one call if it can be: from its first permission on the
 * module drops what has none.
 */
static void batch_everything(struct batch *b, const struct turn_allocation *a)
{
	const struct turn_permission *p;
	const struct turn_channel *c;

	if (b->n + a->n_permissions + a->n_channels > PEERS_MAX)
		batch_flush(b);
	LIST_FOREACH(p, &a->permissions, link)
		if (p->expires > b->now)
			batch_permission(b, p);
	LIST_FOREACH(c, &a->channels, link)
		if (c->permission->expires > b->now && c->expires > b->now)
			batch_channel(b, c, false);
}

static bool eligible(const struct turn_allocation *a)
{
	return a->srv->fastpath_up && a->tuple.transport == TURN_UDP;
}

static void describe(const struct turn_allocation *a, uint64_t now,
		     uint8_t userdata[static TURN_USERDATA_MAX],
		     struct turn_fastpath_allocation *fa)
{
	*fa = (struct turn_fastpath_allocation){
		.client = a->tuple.client,
		.server = a->tuple.server,
		.relayed_ipv4 = a->legs[TURN_LEG_IPV4].relay.bound,
		.relayed_ipv6 = a->legs[TURN_LEG_IPV6].relay.bound,
		.timeout_ms = time_left(turn_allocation_expires(a), now),
		.max_bps = turn_max_bps(a),
		.userdata = userdata,
		.userdata_len = turn_userdata_write(a, userdata),
	};
}

void turn_offload_adopt(struct turn_allocation *a)
{
	if (!a->fastpath_id)
		return;
	turn_table_insert(&a->srv->by_fastpath_id, &a->by_fastpath_id,
			  a->fastpath_id);
	turn_count(&a->srv->stats.offloaded);
	if (a->offload_stale)
		turn_timer_set(&a->srv->timers, &a->offload_timer, 0);
}

/* Allocations first, for the module chooses ids; then all that they have. */
static void install(struct turn_server *srv, struct turn_allocation **as,
		    size_t n, uint64_t now)
{
	struct turn_fastpath_allocation fa[SESSIONS_MAX];
	uint8_t userdata[SESSIONS_MAX][TURN_USERDATA_MAX];
	struct batch b = { .srv = srv, .now = now };
	size_t i;

	for (i = 0; i < n; i++) {
		turn_session_look(as[i]);
		describe(as[i], now, userdata[i], &fa[i]);
	}
	srv->ops->fastpath->allocations_new(srv->env, fa, n);
	for (i = 0; i < n; i++) {
		if (fa[i].error) {
			withdraw(as[i], fa[i].error, now);
			continue;
		}
		/* What it was known by there before has been replaced. */
		turn_offload_forget(as[i]);
		as[i]->fastpath_id = fa[i].id;
		turn_offload_adopt(as[i]);
	}
	for (i = 0; i < n; i++)
		if (as[i]->fastpath_id)
			batch_everything(&b, as[i]);
	batch_flush(&b);
}

static bool ready(const struct turn_allocation *a, uint64_t now)
{
	return (!a->fastpath_id || a->offload_stale) &&
	       now >= a->offload_after && eligible(a);
}

void turn_offload_begin(struct turn_allocation *a, uint64_t now)
{
	if (!ready(a, now))
		return;
	turn_timer_unset(&a->srv->timers, &a->offload_timer);
	install(a->srv, &a, 1, now);
}

/* When the module appears, every allocation's timer is due at once. */
void turn_offload_fire(struct turn_timer *timer, uint64_t now)
{
	struct turn_allocation *as[SESSIONS_MAX], *a;
	struct turn_server *srv;
	size_t n = 0;

	a = container_of(timer, struct turn_allocation, offload_timer);
	srv = a->srv;
	for (;;) {
		if (ready(a, now))
			as[n++] = a;
		if (n == SESSIONS_MAX || srv->tick_left <= 1)
			break;
		timer = turn_timers_take(&srv->timers, now, turn_offload_fire);
		if (!timer)
			break;
		srv->tick_left--;
		a = container_of(timer, struct turn_allocation, offload_timer);
	}
	if (n)
		install(srv, as, n, now);
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

void turn_offload_move(struct turn_allocation *a, uint64_t now)
{
	uint32_t left = time_left(turn_allocation_expires(a), now);
	int err;

	if (!eligible(a)) {
		turn_offload_end(a);
		return;
	}
	if (!a->fastpath_id) {
		turn_offload_begin(a, now);
		return;
	}
	err = fastpath(a)->allocation_move(a->srv->env, a->fastpath_id,
					   &a->tuple, left);
	if (err)
		withdraw(a, err, now);
}

/* Of no consequence if it fails: the module has other reasons to forget it. */
void turn_offload_heard(struct turn_allocation *a)
{
	if (a->fastpath_id)
		fastpath(a)->allocation_move(a->srv->env, a->fastpath_id,
					     &a->tuple, 0);
}

void turn_offload_discard(struct turn_allocation *a)
{
	if (a->fastpath_id && a->srv->fastpath_up) {
		turn_session_look(a);
		fastpath(a)->allocation_del(a->srv->env, a->fastpath_id);
		turn_session_settle(a);
	}
	a->fastpath_id = 0;
}

void turn_offload_permission(struct turn_permission *p, bool revived,
			     uint64_t now)
{
	struct batch b = { .srv = p->allocation->srv, .now = now };

	if (!p->allocation->fastpath_id) {
		turn_offload_begin(p->allocation, now);
		return;
	}
	if (revived)
		batch_revived(&b, p);
	else
		batch_permission(&b, p);
	batch_flush(&b);
}

void turn_offload_channel(struct turn_channel *c, uint64_t now)
{
	struct batch b = { .srv = c->allocation->srv, .now = now };

	if (!c->allocation->fastpath_id) {
		turn_offload_begin(c->allocation, now);
		return;
	}
	batch_channel(&b, c, true);
	batch_flush(&b);
}

/* --- news of the module ---------------------------------------------------- */

void turn_server_fastpath_up(struct turn_server *srv, uint64_t now)
{
	struct turn_allocation *a;

	srv->fastpath_up = !!srv->ops->fastpath;
	srv->fastpath_ups++;
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
