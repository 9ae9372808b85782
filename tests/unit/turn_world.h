/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world for a turn_server to live in: its beginning and end, a clock that a
 * test sets, and mail between worlds. turn_client.h has clients that speak TURN.
 */
#ifndef KTURN_TESTS_TURN_WORLD_H
#define KTURN_TESTS_TURN_WORLD_H

#include "turn_world_outputs.h"

static inline struct turn_config *world_config(void)
{
	struct turn_config *cfg = turn_config_new();

	if (!cfg || turn_config_set_realm(cfg, WORLD_REALM) ||
	    turn_config_add_user(cfg, "alice", "secret") ||
	    turn_config_add_user(cfg, "bob", "hunter2"))
		abort();
	return cfg;
}

/* Allocated, not declared: a struct world is larger than some stacks. */
static inline struct world *world_new(void)
{
	static const uint8_t key[TURN_SHARED_KEY_LEN] = { 1, 2, 3 };
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->now = 1000000;
	w->wall = 1700000000;
	w->shared = turn_shared_new(key);
	w->cfg = world_config();
	w->crypto = stun_crypto_new();
	w->srv = turn_server_new(w->shared, w->cfg, &world_ops, w);
	if (!w->shared || !w->crypto || !w->srv)
		abort();
	return w;
}

/* Another worker of the same server; to be freed before the first one. */
static inline struct world *world_join(struct world *first)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->now = first->now;
	w->wall = first->wall;
	w->shared = first->shared;
	w->shares = true;
	w->random = 4711;
	w->cfg = turn_config_get(first->cfg);
	w->crypto = stun_crypto_new();
	w->srv = turn_server_new(w->shared, w->cfg, &world_ops, w);
	if (!w->crypto || !w->srv)
		abort();
	return w;
}

/* The worker reads its mail: what is there, not what that causes. */
static inline size_t read_mail(struct world *w)
{
	struct turn_parcel *mail[WORLD_MAIL];
	size_t n = w->n_mail, i;

	memcpy(mail, w->mail, sizeof(mail));
	w->n_mail = 0;
	for (i = 0; i < n; i++) {
		turn_server_parcel(w->srv, mail[i], w->now);
		turn_parcel_free(mail[i]);
	}
	return n;
}

/* Return: number of relay sockets that were left open, plus quota slots. */
static inline size_t world_free(struct world *w)
{
	size_t left = 0, i;

	for (i = 0; i < w->n_mail; i++) {
		turn_server_parcel_return(w->srv, w->mail[i]);
		turn_parcel_free(w->mail[i]);
	}
	turn_server_free(w->srv);
	for (i = 0; i < WORLD_RELAYS && !w->shares; i++)
		left += w->relays[i].open;
	if (!w->shares) {
		left += turn_shared_allocations(w->shared);
		turn_shared_free(w->shared);
	}
	turn_config_put(w->cfg);
	stun_crypto_free(w->crypto);
	free(w);
	return left;
}

/* Let time pass as an event loop would: no timer is late. */
static inline void advance(struct world *w, uint64_t ms)
{
	uint64_t end = w->now + ms;

	while (turn_server_deadline(w->srv) <= end) {
		if (turn_server_deadline(w->srv) > w->now)
			w->now = turn_server_deadline(w->srv);
		turn_server_tick(w->srv, w->now);
	}
	w->now = end;
}

static inline void forget_trace(struct world *w)
{
	w->trace[0] = '\0';
}

static inline size_t open_relays(const struct world *w)
{
	size_t n = 0, i;

	for (i = 0; i < WORLD_RELAYS; i++)
		n += w->relays[i].open;
	return n;
}

static inline uint64_t drops(const struct world *w, enum turn_drop reason)
{
	return turn_server_stats(w->srv)->drops[reason];
}

#endif /* KTURN_TESTS_TURN_WORLD_H */
