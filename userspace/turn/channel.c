// SPDX-License-Identifier: BSD-3-Clause
/* Channels (RFC 8656, section 12). */
#include <stdlib.h>

#include "stun/channel_data.h"
#include "stun/error_code.h"
#include "turn/allocation.h"
#include "turn/offload.h"
#include "turn/refused_peer.h"

static uint64_t number_hash(const struct turn_allocation *a, uint16_t number)
{
	const uint64_t key[] = { a->serial, number };

	return turn_table_hash(&a->srv->secret, key, sizeof(key));
}

static uint64_t peer_hash(const struct turn_allocation *a,
			  const struct transport_addr *peer)
{
	const struct {
		uint32_t serial[2];
		struct transport_addr peer;
	} key = { { (uint32_t)(a->serial >> 32), (uint32_t)a->serial }, *peer };

	_Static_assert(sizeof(key) == 28, "hashed as memory");
	return turn_table_hash(&a->srv->secret, &key, sizeof(key));
}

struct turn_channel *turn_channel_by_number(struct turn_allocation *a,
					    uint16_t number, uint64_t now)
{
	const struct turn_table *table = &a->srv->channels_by_number;
	struct turn_table_node *n;

	for (n = turn_table_first(table, number_hash(a, number)); n;
	     n = turn_table_next(n)) {
		struct turn_channel *c =
			container_of(n, struct turn_channel, by_number);

		if (c->allocation == a && c->number == number)
			return c->expires > now ? c : NULL;
	}
	return NULL;
}

struct turn_channel *turn_channel_by_peer(struct turn_allocation *a,
					  const struct transport_addr *peer,
					  uint64_t now)
{
	const struct turn_table *table = &a->srv->channels_by_peer;
	struct turn_table_node *n;

	for (n = turn_table_first(table, peer_hash(a, peer)); n;
	     n = turn_table_next(n)) {
		struct turn_channel *c =
			container_of(n, struct turn_channel, by_peer);

		if (c->allocation == a && transport_addr_equal(&c->peer, peer))
			return c->expires > now ? c : NULL;
	}
	return NULL;
}

void turn_channel_detach(struct turn_channel *c)
{
	struct turn_server *srv = c->allocation->srv;

	turn_timer_remove(&srv->timers, &c->timer);
	turn_table_remove(&srv->channels_by_number, &c->by_number);
	turn_table_remove(&srv->channels_by_peer, &c->by_peer);
	turn_uncount(&srv->stats.channels);
}

void turn_channel_end(struct turn_channel *c)
{
	turn_channel_detach(c);
	LIST_REMOVE(c, link);
	c->allocation->n_channels--;
	turn_permission_release(c->permission);
	free(c);
}

static void channel_fire(struct turn_timer *timer, uint64_t now)
{
	(void)now;
	turn_channel_end(container_of(timer, struct turn_channel, timer));
}

int turn_channel_attach(struct turn_channel *c)
{
	struct turn_allocation *a = c->allocation;
	struct turn_server *srv = a->srv;

	if (turn_timer_add(&srv->timers, &c->timer, channel_fire))
		return -ENOMEM;
	turn_table_insert(&srv->channels_by_number, &c->by_number,
			  number_hash(a, c->number));
	turn_table_insert(&srv->channels_by_peer, &c->by_peer,
			  peer_hash(a, &c->peer));
	turn_count(&srv->stats.channels);
	if (c->expires)
		turn_timer_set(&srv->timers, &c->timer, c->expires);
	return 0;
}

/* Channels that have run out, but whose timers have not gone off yet. */
static void end_expired(struct turn_allocation *a, uint64_t now)
{
	struct turn_channel *c, *next;

	for (c = LIST_FIRST(&a->channels); c; c = next) {
		next = LIST_NEXT(c, link);
		if (c->expires <= now)
			turn_channel_end(c);
	}
}

static struct turn_channel *channel_new(struct turn_permission *p,
					uint16_t number,
					const struct transport_addr *peer)
{
	struct turn_allocation *a = p->allocation;
	struct turn_channel *c;

	if (a->n_channels >= a->srv->cfg->max_channels)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->allocation = a;
	c->permission = p;
	c->peer = *peer;
	c->number = number;
	if (turn_channel_attach(c)) {
		free(c);
		return NULL;
	}
	p->n_channels++;
	LIST_INSERT_HEAD(&a->channels, c, link);
	a->n_channels++;
	return c;
}

int turn_channel_restore(struct turn_allocation *a, uint16_t number,
			 const struct transport_addr *peer, uint64_t expires)
{
	/* If the permission has run out it is there, but permits nothing. */
	struct turn_permission *p = turn_permission_restore(a, peer, 0);
	struct turn_channel *c = p ? channel_new(p, number, peer) : NULL;

	if (!c)
		return -ENOMEM;
	c->expires = expires;
	turn_timer_set(&a->srv->timers, &c->timer, c->expires);
	return 0;
}

/**
 * check_binding() - may the request's number be bound to its peer?
 * @req: the request
 * @number: filled
 * @peer: filled
 * @channel: filled with the channel that is refreshed, or NULL for a new one
 *
 * Return: 0, or the error code. RFC 8656, section 12.2.
 */
static unsigned int check_binding(struct turn_request *req, uint16_t *number,
				  struct transport_addr *peer,
				  struct turn_channel **channel)
{
	const struct turn_config *cfg = req->srv->cfg;
	struct turn_allocation *a = req->allocation;
	struct transport_addr named;

	if (a->tcp || stun_get_channel_number(req->msg, number) ||
	    stun_get_address(req->msg, STUN_ATTR_XOR_PEER_ADDRESS, &named) ||
	    !channel_number_valid(*number, cfg->rfc5766_channels))
		return STUN_ERR_BAD_REQUEST;
	*peer = named;
	turn_nat_public_to_private(&cfg->nat, peer);
	*channel = turn_channel_by_number(a, *number, req->now);
	if (*channel && !transport_addr_equal(&(*channel)->peer, peer))
		return STUN_ERR_BAD_REQUEST;
	if (!*channel && turn_channel_by_peer(a, peer, req->now))
		return STUN_ERR_BAD_REQUEST;
	if (!turn_leg_alive(turn_leg(a, peer->family), req->now))
		return STUN_ERR_PEER_ADDRESS_FAMILY_MISMATCH;
	if (!turn_peer_filter_permits(&cfg->peers, &named)) {
		turn_refused_peer(a, &named);
		return STUN_ERR_FORBIDDEN;
	}
	return 0;
}

void turn_serve_channel_bind(struct turn_request *req)
{
	uint64_t lifetime = req->srv->cfg->channel_lifetime;
	struct turn_allocation *a = req->allocation;
	struct transport_addr peer;
	struct turn_permission *p;
	struct turn_channel *c;
	unsigned int code;
	uint16_t number;
	bool revived;

	code = check_binding(req, &number, &peer, &c);
	if (code) {
		turn_reply_error(req, code);
		return;
	}
	if (!c)
		end_expired(a, req->now);
	revived = !turn_permission_find(a, &peer, req->now);
	p = turn_permission_install(a, &peer, req->now);
	if (p && !c)
		c = channel_new(p, number, &peer);
	if (c) {
		c->expires = req->now + 1000 * lifetime;
		turn_timer_set(&a->srv->timers, &c->timer, c->expires);
	}

	/* Install first, answer after: the client's next packet may be data. */
	if (p && c && !revived)
		turn_offload_channel(c, req->now);
	else if (p)
		turn_offload_permission(p, revived, req->now);

	if (!p || !c) {
		turn_reply_error(req, STUN_ERR_INSUFFICIENT_CAPACITY);
		return;
	}
	turn_reply_begin(req);
	turn_reply_end(req);
}
