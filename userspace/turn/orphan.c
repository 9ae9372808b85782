// SPDX-License-Identifier: BSD-3-Clause
#include "turn/orphan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "turn/allocation.h"
#include "turn/offload.h"
#include "turn/realm.h"
#include "turn/session.h"
#include "turn/userdata.h"
#include "turn/users.h"

/* How often those that have run out are looked for. */
#define SWEEP_MS 5000

/**
 * struct turn_orphan - an allocation in no server
 * @node: in the shared table, by 5-tuple
 * @allocation: detached; its server is the one that made it
 * @fastpath_ups: of that server, when what it is called in the module was true
 */
struct turn_orphan {
	struct turn_table_node node;
	struct turn_allocation *allocation;
	uint32_t fastpath_ups;
};

static uint64_t tuple_hash(const struct turn_shared *shared,
			   const struct turn_5tuple *tuple)
{
	return siphash(&shared->hash_key, tuple, sizeof(*tuple));
}

uint64_t turn_shared_orphans(const struct turn_shared *shared)
{
	return __atomic_load_n(&shared->n_orphans, __ATOMIC_RELAXED);
}

static void add_to_count(struct turn_shared *shared, int n)
{
	__atomic_store_n(&shared->n_orphans,
			 shared->n_orphans + (uint64_t)n, __ATOMIC_RELAXED);
}

/* Under the lock. */
static struct turn_allocation *take(struct turn_shared *shared,
				    struct turn_orphan *orphan,
				    uint32_t fastpath_ups)
{
	struct turn_allocation *a = orphan->allocation;

	turn_table_remove(&shared->orphans, &orphan->node);
	add_to_count(shared, -1);
	/* The module has gone since, and knows others by these numbers. */
	if (orphan->fastpath_ups != fastpath_ups)
		a->fastpath_id = 0;
	free(orphan);
	return a;
}

/* Under the lock. */
static struct turn_orphan *find(const struct turn_shared *shared,
				const struct turn_5tuple *tuple)
{
	struct turn_table_node *n;

	for (n = turn_table_first(&shared->orphans, tuple_hash(shared, tuple));
	     n; n = turn_table_next(n)) {
		struct turn_orphan *o = container_of(n, struct turn_orphan,
						     node);

		if (memcmp(&o->allocation->tuple, tuple, sizeof(*tuple)) == 0)
			return o;
	}
	return NULL;
}

static struct turn_allocation *find_and_take(struct turn_server *srv,
					     const struct turn_5tuple *tuple)
{
	struct turn_shared *shared = srv->shared;
	struct turn_allocation *a = NULL;
	struct turn_orphan *orphan;

	pthread_mutex_lock(&shared->lock);
	orphan = find(shared, tuple);
	if (orphan)
		a = take(shared, orphan, srv->fastpath_ups);
	pthread_mutex_unlock(&shared->lock);
	return a;
}

struct turn_allocation *turn_orphan_claim(struct turn_server *srv,
					  const struct turn_5tuple *tuple,
					  uint64_t now)
{
	struct turn_allocation *a;
	uint64_t expires;

	if (!turn_shared_orphans(srv->shared))
		return NULL;
	a = find_and_take(srv, tuple);
	if (!a)
		return NULL;
	expires = turn_allocation_expires(a);
	if (!srv->fastpath_up)
		a->fastpath_id = 0;
	if (expires <= now || turn_allocation_attach(a, srv)) {
		a->srv = srv;
		turn_allocation_discard(a, expires <= now ? "expired" :
					"out of memory");
		return NULL;
	}
	turn_log(srv, TURN_LOG_INFO, a, "goes on after a restart");
	turn_session_begin(a, (uint32_t)((expires - now) / 1000), now);
	turn_server_check_peers(a);
	turn_offload_begin(a, now);
	return a;
}

/* Under the lock: those in a bucket that end go to srv->orphans_ending. */
static void pick_out(struct turn_server *srv, size_t bucket, bool all,
		     uint64_t now)
{
	struct turn_shared *shared = srv->shared;
	struct turn_table_node *n, *next;

	for (n = shared->orphans.buckets[bucket].first; n; n = next) {
		struct turn_orphan *o = container_of(n, struct turn_orphan,
						     node);
		struct turn_allocation *a = o->allocation;

		next = n->next;
		if (a->srv != srv ||
		    (!all && turn_allocation_expires(a) > now))
			continue;
		take(shared, o, srv->fastpath_ups);
		LIST_INSERT_HEAD(&srv->orphans_ending, a, link);
	}
}

/* Those of this server that have run out, or all. */
static void end_some(struct turn_server *srv, bool all, uint64_t now)
{
	struct turn_shared *shared = srv->shared;
	struct turn_allocation *a;

	pthread_mutex_lock(&shared->lock);
	for (size_t i = 0; i <= shared->orphans.mask; i++)
		pick_out(srv, i, all, now);
	pthread_mutex_unlock(&shared->lock);
	/* What follows takes the lock, for their quotas. */
	while ((a = LIST_FIRST(&srv->orphans_ending))) {
		LIST_REMOVE(a, link);
		if (srv->ending)
			a->fastpath_id = 0;
		turn_allocation_discard(a, all ? "server stopped" : "expired");
	}
}

static void sweep(struct turn_timer *timer, uint64_t now)
{
	struct turn_server *srv = container_of(timer, struct turn_server,
					       orphan_timer);

	end_some(srv, false, now);
	if (turn_shared_orphans(srv->shared))
		turn_timer_set(&srv->timers, timer, now + SWEEP_MS);
}

void turn_orphans_end(struct turn_server *srv)
{
	if (srv->has_orphans)
		end_some(srv, true, 0);
}

/* --- making them again ------------------------------------------------------ */

/* With what an earlier daemon has written down. */
static struct turn_allocation *make(struct turn_server *srv,
				    const struct turn_adoption *from,
				    const struct turn_userdata *u)
{
	struct turn_allocation *a;

	a = calloc(1, sizeof(*a) + u->username.len + 1 + u->realm.len + 1);
	if (!a)
		return NULL;
	a->tuple = from->tuple;
	a->txid = u->txid;
	a->key = u->key;
	a->username_len = u->username.len;
	if (u->username.len)
		memcpy(a->username, u->username.data, u->username.len);
	a->realm = a->username + u->username.len + 1;
	if (u->realm.len)
		memcpy(a->username + u->username.len + 1, u->realm.data,
		       u->realm.len);
	LIST_INIT(&a->permissions);
	LIST_INIT(&a->channels);
	LIST_INIT(&a->connections);
	if (!turn_allocation_attach(a, srv))
		return a;
	OPENSSL_cleanse(&a->key, sizeof(a->key));
	free(a);
	return NULL;
}

static int open_leg(struct turn_allocation *a,
		    const struct transport_addr *bound,
		    const struct transport_addr *outside, uint64_t expires)
{
	struct turn_server *srv = a->srv;
	struct turn_relay relay;
	int err;

	if (!bound->family)
		return 0;
	err = srv->ops->relay_adopt(srv->env, &a->tuple, bound, &relay);
	if (err)
		return err;
	/* What the client was told, whatever it would be told now. */
	relay.relayed = outside->family ? *outside : *bound;
	turn_allocation_open(a, &relay, expires);
	return 0;
}

/* It was granted what it has, so it keeps it where the limits are lower now. */
static void take_quota(struct turn_allocation *a)
{
	struct turn_server *srv = a->srv;
	const struct turn_realm *realm =
		turn_realm_find(srv->cfg, stun_bytes(a->realm));
	const struct turn_quota_claim claim = {
		.cfg = srv->cfg,
		.realm = realm ?: &srv->cfg->realm,
		.name = turn_user_quota_name(srv->cfg,
					     realm ?: &srv->cfg->realm,
					     turn_maker(a)),
		.source = &a->tuple.client,
		.anyway = true,
	};

	a->max_bps = claim.realm->max_bps;
	turn_quota_take(srv->shared, &claim, &a->quota);
}

static int restore_peers(struct turn_allocation *a,
			 const struct turn_adoption *from, uint64_t now)
{
	size_t i;

	for (i = 0; i < from->n_peers; i++) {
		const struct turn_fastpath_peer *p = &from->peers[i];

		if (!p->channel &&
		    !turn_permission_restore(a, &p->peer,
					     now + p->permission_ms))
			return -ENOMEM;
	}
	for (i = 0; i < from->n_peers; i++) {
		const struct turn_fastpath_peer *p = &from->peers[i];

		if (p->channel && turn_channel_restore(a, p->channel, &p->peer,
						       now + p->channel_ms))
			return -ENOMEM;
	}
	return 0;
}

static int restore(struct turn_allocation *a, const struct turn_adoption *from,
		   const struct turn_userdata *u, uint64_t now)
{
	uint64_t expires = now + from->timeout_ms;
	int err = open_leg(a, &from->relayed_ipv4, &u->relayed[TURN_LEG_IPV4],
			   expires) ?:
		  open_leg(a, &from->relayed_ipv6, &u->relayed[TURN_LEG_IPV6],
			   expires) ?:
		  restore_peers(a, from, now);

	if (!err && !turn_allocation_expires(a))
		err = -EBADMSG;
	if (err)
		return err;
	take_quota(a);
	a->fastpath_id = from->id;
	turn_offload_adopt(a);
	return 0;
}

static int start_sweeping(struct turn_server *srv, uint64_t now)
{
	if (srv->has_orphans)
		return 0;
	if (turn_timer_add(&srv->timers, &srv->orphan_timer, sweep))
		return -ENOMEM;
	srv->has_orphans = true;
	turn_timer_set(&srv->timers, &srv->orphan_timer, now + SWEEP_MS);
	return 0;
}

/* Where its client comes to is not known yet. */
static void put_aside(struct turn_allocation *a, struct turn_orphan *orphan)
{
	struct turn_server *srv = a->srv;
	struct turn_shared *shared = srv->shared;

	turn_allocation_detach(a);
	*orphan = (struct turn_orphan){
		.allocation = a,
		/* The module is there, and the workers will be told so once. */
		.fastpath_ups = srv->fastpath_ups + 1,
	};
	pthread_mutex_lock(&shared->lock);
	turn_table_insert(&shared->orphans, &orphan->node,
			  tuple_hash(shared, &a->tuple));
	add_to_count(shared, 1);
	pthread_mutex_unlock(&shared->lock);
}

int turn_server_adopt(struct turn_server *srv, const struct turn_adoption *from,
		      uint64_t now)
{
	struct turn_orphan *orphan = malloc(sizeof(*orphan));
	struct turn_userdata u;
	struct turn_allocation *a = NULL;
	int err = orphan ? start_sweeping(srv, now) : -ENOMEM;

	if (!err)
		err = turn_userdata_read(&u, from->userdata,
					 from->userdata_len);
	if (!err) {
		a = make(srv, from, &u);
		err = a ? restore(a, from, &u, now) : -ENOMEM;
	}
	OPENSSL_cleanse(&u, sizeof(u));
	if (!err) {
		put_aside(a, orphan);
		return 0;
	}
	free(orphan);
	if (a)
		turn_allocation_end(a, "cannot be adopted");
	return err;
}
