// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "turn/allocation.h"
#include "turn/mobility.h"
#include "turn/offload.h"
#include "turn/orphan.h"
#include "turn/session.h"
#include "turn/tcp.h"
#include "turn/transfer.h"

static uint64_t tuple_hash(const struct turn_server *srv,
			   const struct turn_5tuple *tuple)
{
	return turn_table_hash(&srv->secret, tuple, sizeof(*tuple));
}

uint64_t turn_allocation_expires(const struct turn_allocation *a)
{
	uint64_t expires = 0;
	int i;

	for (i = 0; i < TURN_LEGS; i++)
		if (a->legs[i].relay.handle && a->legs[i].expires > expires)
			expires = a->legs[i].expires;
	return expires;
}

/* The timer goes off when the first leg ends. */
static void arm(struct turn_allocation *a)
{
	uint64_t due = TURN_NEVER;
	int i;

	for (i = 0; i < TURN_LEGS; i++)
		if (a->legs[i].relay.handle && a->legs[i].expires < due)
			due = a->legs[i].expires;
	turn_timer_set(&a->srv->timers, &a->timer, due);
}

static void allocation_fire(struct turn_timer *timer, uint64_t now)
{
	struct turn_allocation *a =
		container_of(timer, struct turn_allocation, timer);
	int i;

	for (i = 0; i < TURN_LEGS; i++) {
		if (a->legs[i].relay.handle && a->legs[i].expires <= now &&
		    !turn_allocation_close_leg(a, i, now, "expired"))
			return;
	}
	arm(a);
}

struct turn_allocation *turn_allocation_new(struct turn_request *req)
{
	struct turn_server *srv = req->srv;
	const char *realm = req->realm->name;
	size_t realm_len = strlen(realm);
	size_t name_len = req->username.len;
	struct turn_allocation *a;

	a = calloc(1, sizeof(*a) + name_len + 1 + realm_len + 1);
	if (!a)
		return NULL;
	a->tuple = *req->tuple;
	a->txid = req->msg->txid;
	a->key = req->key;
	turn_allocation_take_token(a, req);
	a->max_bps = req->realm->max_bps;
	a->username_len = name_len;
	if (name_len)
		memcpy(a->username, req->username.data, name_len);
	memcpy(a->username + name_len + 1, realm, realm_len + 1);
	a->realm = a->username + name_len + 1;
	LIST_INIT(&a->permissions);
	LIST_INIT(&a->channels);
	LIST_INIT(&a->connections);
	if (turn_allocation_attach(a, srv)) {
		OPENSSL_cleanse(&a->key, sizeof(a->key));
		free(a);
		return NULL;
	}
	turn_count(&srv->stats.allocations_total);
	return a;
}

void turn_allocation_rekey(struct turn_allocation *a,
			   const struct turn_5tuple *tuple)
{
	struct turn_server *srv = a->srv;

	turn_table_remove(&srv->by_tuple, &a->by_tuple);
	turn_uncount(&srv->stats.by_transport[a->tuple.transport]);
	a->tuple = *tuple;
	turn_table_insert(&srv->by_tuple, &a->by_tuple, tuple_hash(srv, tuple));
	turn_count(&srv->stats.by_transport[a->tuple.transport]);
}

void turn_allocation_open(struct turn_allocation *a,
			  const struct turn_relay *relay, uint64_t expires)
{
	struct turn_leg *leg = turn_leg(a, relay->bound.family);

	leg->relay = *relay;
	leg->expires = expires;
	arm(a);
	a->srv->ops->relay_attach(a->srv->env, relay->handle, a);
}

struct turn_allocation *turn_allocation_find(struct turn_server *srv,
					     const struct turn_5tuple *tuple,
					     uint64_t now)
{
	struct turn_table_node *n;

	for (n = turn_table_first(&srv->by_tuple, tuple_hash(srv, tuple)); n;
	     n = turn_table_next(n)) {
		struct turn_allocation *a =
			container_of(n, struct turn_allocation, by_tuple);

		if (memcmp(&a->tuple, tuple, sizeof(*tuple)) != 0)
			continue;
		if (turn_allocation_expires(a) > now)
			return a;
		turn_allocation_end(a, "expired");
		return NULL;
	}
	return turn_orphan_claim(srv, tuple, now);
}

void turn_allocation_refresh(struct turn_allocation *a, int leg,
			     uint64_t expires)
{
	a->legs[leg].expires = expires;
	arm(a);
}

static void close_relay(struct turn_allocation *a, int i)
{
	struct turn_leg *leg = &a->legs[i];

	if (leg->relay.handle)
		a->srv->ops->relay_close(a->srv->env, leg->relay.handle);
	*leg = (struct turn_leg){ 0 };
}

static bool is_ipv4(const struct turn_server *srv,
		    const struct transport_addr *peer)
{
	(void)srv;
	return peer->family == AF_INET;
}

static bool is_ipv6(const struct turn_server *srv,
		    const struct transport_addr *peer)
{
	return !is_ipv4(srv, peer);
}

static bool is_any(const struct turn_server *srv,
		   const struct transport_addr *peer)
{
	(void)srv;
	(void)peer;
	return true;
}

bool turn_allocation_close_leg(struct turn_allocation *a, int leg,
			       uint64_t now, const char *why)
{
	if (!a->legs[1 - leg].relay.handle) {
		turn_allocation_end(a, why);
		return false;
	}
	turn_log(a->srv, TURN_LOG_INFO, a, "%s relay ended: %s",
		 leg == TURN_LEG_IPV4 ? "IPv4" : "IPv6", why);
	turn_connections_end(a, leg == TURN_LEG_IPV4 ? is_ipv4 : is_ipv6);
	turn_permissions_end(a, leg == TURN_LEG_IPV4 ? is_ipv4 : is_ipv6);
	/* The module has to let go of the address before others may have it. */
	turn_offload_end(a);
	close_relay(a, leg);
	arm(a);
	turn_offload_begin(a, now);
	return true;
}

/* Out of the server's lists and timers. */
static void leave(struct turn_allocation *a)
{
	struct turn_server *srv = a->srv;

	turn_timer_remove(&srv->timers, &a->offload_timer);
	turn_timer_remove(&srv->timers, &a->timer);
	turn_session_detach(a);
	turn_table_remove(&srv->by_tuple, &a->by_tuple);
	LIST_REMOVE(a, link);
	turn_uncount(&srv->stats.allocations);
	turn_uncount(&srv->stats.by_transport[a->tuple.transport]);
}

static void allocation_free(struct turn_allocation *a)
{
	turn_quota_drop(a->srv->shared, &a->quota);
	OPENSSL_cleanse(&a->key, sizeof(a->key));
	free(a);
}

void turn_allocation_end(struct turn_allocation *a, const char *why)
{
	struct turn_server *srv = a->srv;
	int i;

	turn_log(srv, TURN_LOG_INFO, a, "ended: %s", why);
	turn_offload_end(a);
	turn_connections_end(a, is_any);
	turn_permissions_end(a, is_any);
	for (i = 0; i < TURN_LEGS; i++)
		close_relay(a, i);
	turn_mobility_end(a);
	leave(a);
	turn_session_end(a);
	allocation_free(a);
}

/* --- from server to server -------------------------------------------------- */

void turn_allocation_detach(struct turn_allocation *a)
{
	struct turn_server *srv = a->srv;
	struct turn_permission *p;
	struct turn_channel *c;
	int i;

	LIST_FOREACH(c, &a->channels, link)
		turn_channel_detach(c);
	LIST_FOREACH(p, &a->permissions, link)
		turn_permission_detach(p);
	for (i = 0; i < TURN_LEGS; i++)
		if (a->legs[i].relay.handle)
			srv->ops->relay_detach(srv->env, a->legs[i].relay.handle);
	turn_offload_detach(a);
	leave(a);
}

/* Room for all timers is made first, so that nothing fails half way. */
int turn_allocation_attach(struct turn_allocation *a, struct turn_server *srv)
{
	struct turn_permission *p;
	struct turn_channel *c;
	int i;

	if (turn_timers_reserve(&srv->timers,
				3 + a->n_permissions + a->n_channels))
		return -ENOMEM;
	a->srv = srv;
	a->serial = ++srv->last_serial;
	turn_timer_add(&srv->timers, &a->timer, allocation_fire);
	turn_timer_add(&srv->timers, &a->offload_timer, turn_offload_fire);
	LIST_INSERT_HEAD(&srv->allocations, a, link);
	turn_table_insert(&srv->by_tuple, &a->by_tuple,
			  tuple_hash(srv, &a->tuple));
	turn_transfer_drop(srv, &a->tuple);
	turn_count(&srv->stats.allocations);
	turn_count(&srv->stats.by_transport[a->tuple.transport]);
	turn_session_attach(a);
	turn_offload_adopt(a);
	LIST_FOREACH(p, &a->permissions, link)
		turn_permission_attach(p);
	LIST_FOREACH(c, &a->channels, link)
		turn_channel_attach(c);
	for (i = 0; i < TURN_LEGS; i++)
		if (a->legs[i].relay.handle)
			srv->ops->relay_attach(srv->env, a->legs[i].relay.handle, a);
	if (turn_allocation_expires(a))
		arm(a);
	return 0;
}

void turn_allocation_discard(struct turn_allocation *a, const char *why)
{
	struct turn_permission *p;
	struct turn_channel *c;
	int i;

	turn_log(a->srv, TURN_LOG_INFO, a, "ended on its way: %s", why);
	turn_offload_discard(a);
	while ((c = LIST_FIRST(&a->channels))) {
		LIST_REMOVE(c, link);
		free(c);
	}
	while ((p = LIST_FIRST(&a->permissions))) {
		LIST_REMOVE(p, link);
		free(p);
	}
	for (i = 0; i < TURN_LEGS; i++)
		close_relay(a, i);
	turn_mobility_end(a);
	turn_session_end(a);
	allocation_free(a);
}

uint32_t turn_lifetime(const struct turn_request *req)
{
	const struct turn_config *cfg = req->srv->cfg;
	uint32_t lifetime = cfg->default_lifetime;
	uint32_t wanted;

	if (stun_get_lifetime(req->msg, &wanted) == 0 && wanted > lifetime)
		lifetime = wanted;
	if (lifetime > cfg->max_lifetime)
		lifetime = cfg->max_lifetime;
	if (req->token_left && lifetime > req->token_left)
		lifetime = req->token_left;
	return lifetime;
}

void turn_allocation_take_token(struct turn_allocation *a,
				const struct turn_request *req)
{
	if (!req->token_left || !stun_has(req->msg, STUN_ATTR_ACCESS_TOKEN))
		return;
	a->key = req->key;
	a->token_until = req->now + 1000 * (uint64_t)req->token_left;
}
