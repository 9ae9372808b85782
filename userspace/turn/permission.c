// SPDX-License-Identifier: BSD-3-Clause
/* Permissions (RFC 8656, sections 9 and 10). */
#include <stdlib.h>

#include "stun/error_code.h"
#include "turn/allocation.h"
#include "turn/offload.h"
#include "turn/refused_peer.h"

static uint64_t permission_hash(const struct turn_allocation *a,
				const struct transport_addr *ip)
{
	const struct {
		uint32_t serial[2];
		struct transport_addr ip;
	} key = { { (uint32_t)(a->serial >> 32), (uint32_t)a->serial }, *ip };

	_Static_assert(sizeof(key) == 28, "hashed as memory");
	return turn_table_hash(&a->srv->secret, &key, sizeof(key));
}

static struct turn_permission *lookup(struct turn_allocation *a,
				      const struct transport_addr *peer)
{
	struct transport_addr ip = *peer;
	struct turn_table_node *n;

	ip.port = 0;
	for (n = turn_table_first(&a->srv->permissions, permission_hash(a, &ip));
	     n; n = turn_table_next(n)) {
		struct turn_permission *p =
			container_of(n, struct turn_permission, node);

		if (p->allocation == a && transport_addr_equal(&p->peer, &ip))
			return p;
	}
	return NULL;
}

struct turn_permission *turn_permission_find(struct turn_allocation *a,
					     const struct transport_addr *peer,
					     uint64_t now)
{
	struct turn_permission *p = lookup(a, peer);

	return p && p->expires > now ? p : NULL;
}

void turn_permission_detach(struct turn_permission *p)
{
	struct turn_server *srv = p->allocation->srv;

	turn_timer_remove(&srv->timers, &p->timer);
	turn_table_remove(&srv->permissions, &p->node);
	turn_uncount(&srv->stats.permissions);
}

static void permission_free(struct turn_permission *p)
{
	turn_permission_detach(p);
	LIST_REMOVE(p, link);
	p->allocation->n_permissions--;
	free(p);
}

static void permission_fire(struct turn_timer *timer, uint64_t now)
{
	struct turn_permission *p =
		container_of(timer, struct turn_permission, timer);

	(void)now;
	p->expires = 0;
	if (!p->n_channels)
		permission_free(p);
}

int turn_permission_attach(struct turn_permission *p)
{
	struct turn_allocation *a = p->allocation;
	struct turn_server *srv = a->srv;

	if (turn_timer_add(&srv->timers, &p->timer, permission_fire))
		return -ENOMEM;
	turn_table_insert(&srv->permissions, &p->node,
			  permission_hash(a, &p->peer));
	turn_count(&srv->stats.permissions);
	if (p->expires)
		turn_timer_set(&srv->timers, &p->timer, p->expires);
	return 0;
}

static struct turn_permission *permission_new(struct turn_allocation *a,
					      const struct transport_addr *peer)
{
	struct turn_server *srv = a->srv;
	struct turn_permission *p;

	if (a->n_permissions >= srv->cfg->max_permissions)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->allocation = a;
	p->peer = *peer;
	p->peer.port = 0;
	if (turn_permission_attach(p)) {
		free(p);
		return NULL;
	}
	LIST_INSERT_HEAD(&a->permissions, p, link);
	a->n_permissions++;
	return p;
}

struct turn_permission *
turn_permission_install(struct turn_allocation *a,
			const struct transport_addr *peer, uint64_t now)
{
	uint64_t lifetime = a->srv->cfg->permission_lifetime;
	struct turn_permission *p = lookup(a, peer);

	if (!p)
		p = permission_new(a, peer);
	if (!p)
		return NULL;
	p->expires = now + 1000 * lifetime;
	turn_timer_set(&a->srv->timers, &p->timer, p->expires);
	return p;
}

struct turn_permission *
turn_permission_restore(struct turn_allocation *a,
			const struct transport_addr *peer, uint64_t expires)
{
	struct turn_permission *p = lookup(a, peer) ?: permission_new(a, peer);

	if (!p || !expires)
		return p;
	p->expires = expires;
	turn_timer_set(&a->srv->timers, &p->timer, p->expires);
	return p;
}

void turn_permission_release(struct turn_permission *p)
{
	if (--p->n_channels == 0 && p->expires == 0)
		permission_free(p);
}

size_t turn_permissions_end(struct turn_allocation *a,
			    bool (*doomed)(const struct turn_server *srv,
					   const struct transport_addr *peer))
{
	struct turn_permission *p, *next_p;
	struct turn_channel *c, *next_c;
	size_t n = 0;

	for (c = LIST_FIRST(&a->channels); c; c = next_c) {
		next_c = LIST_NEXT(c, link);
		if (doomed(a->srv, &c->peer)) {
			turn_channel_end(c);
			n++;
		}
	}
	for (p = LIST_FIRST(&a->permissions); p; p = next_p) {
		next_p = LIST_NEXT(p, link);
		if (p->n_channels == 0 && doomed(a->srv, &p->peer)) {
			permission_free(p);
			n++;
		}
	}
	return n;
}

static bool is_new(struct turn_request *req, const struct transport_addr *named)
{
	struct transport_addr peer = *named;

	turn_nat_public_to_private(&req->srv->cfg->nat, &peer);
	return !lookup(req->allocation, &peer);
}

/* What is wrong with the peers of the request? 0 if nothing. */
static unsigned int check_peers(struct turn_request *req)
{
	struct stun_reader attrs = stun_attr_reader(req->msg);
	struct turn_allocation *a = req->allocation;
	unsigned int code = 0;
	struct transport_addr peer;
	size_t n = 0, fresh = 0;
	int more;

	while ((more = stun_next_peer_address(req->msg, &attrs, &peer)) > 0) {
		n++;
		if (!turn_leg_alive(turn_leg(a, peer.family), req->now))
			code = code ? code : STUN_ERR_PEER_ADDRESS_FAMILY_MISMATCH;
		else if (!turn_peer_filter_permits_ip(&req->srv->cfg->peers, &peer)) {
			turn_refused_peer(a, &peer);
			code = code ? code : STUN_ERR_FORBIDDEN;
		} else if (is_new(req, &peer))
			fresh++;
	}
	/* An invalid request is that first, whatever its valid parts ask. */
	if (more < 0 || n == 0)
		return STUN_ERR_BAD_REQUEST;
	if (!code && a->n_permissions + fresh > req->srv->cfg->max_permissions)
		code = STUN_ERR_INSUFFICIENT_CAPACITY;
	return code;
}

/* RFC 8656, section 10.2 */
void turn_serve_create_permission(struct turn_request *req)
{
	struct stun_reader attrs = stun_attr_reader(req->msg);
	struct turn_allocation *a = req->allocation;
	unsigned int code = check_peers(req);
	struct transport_addr peer;

	if (code) {
		turn_reply_error(req, code);
		return;
	}
	turn_offload_begin(a, req->now);
	while (stun_next_peer_address(req->msg, &attrs, &peer) > 0) {
		struct turn_permission *p;
		bool revived;

		turn_nat_public_to_private(&req->srv->cfg->nat, &peer);
		revived = !turn_permission_find(a, &peer, req->now);
		p = turn_permission_install(a, &peer, req->now);
		if (!p) {
			turn_reply_error(req, STUN_ERR_INSUFFICIENT_CAPACITY);
			return;
		}
		turn_offload_permission(p, revived, req->now);
	}
	turn_reply_begin(req);
	turn_reply_end(req);
}
