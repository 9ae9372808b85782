// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "turn/allocation.h"
#include "turn/mobility.h"
#include "turn/offload.h"
#include "turn/session.h"
#include "turn/transfer.h"

enum parcel_kind {
	PARCEL_ASK,
	PARCEL_HAND,
	PARCEL_REPLY,
	PARCEL_DATA,
	PARCEL_FORGET,
};

/**
 * struct turn_parcel - from one server to another
 * @kind: what it is
 * @shared: counts parcels
 * @from: who sent it
 * @tuple: what it is about
 * @allocation: of HAND: nobody else's now
 * @fastpath_ups: of HAND: how often @from had seen the module appear
 * @len: length of @data in bytes
 * @data: the client's datagram, or the response to it
 */
struct turn_parcel {
	enum parcel_kind kind;
	struct turn_shared *shared;
	struct turn_server *from;
	struct turn_5tuple tuple;
	struct turn_allocation *allocation;
	uint32_t fastpath_ups;
	size_t len;
	uint8_t data[];
};

/**
 * struct turn_detour - a 5-tuple whose allocation another server has
 * @node: in the server's table
 * @tuple: the 5-tuple
 * @to: the other server
 */
struct turn_detour {
	struct turn_table_node node;
	struct turn_5tuple tuple;
	struct turn_server *to;
};

/* --- parcels --------------------------------------------------------------- */

static struct turn_parcel *parcel_new(struct turn_server *srv,
				      enum parcel_kind kind,
				      const struct turn_5tuple *tuple,
				      const uint8_t *data, size_t len)
{
	struct turn_parcel *p = malloc(sizeof(*p) + len);

	if (!p)
		return NULL;
	*p = (struct turn_parcel){
		.kind = kind, .shared = srv->shared, .from = srv,
		.tuple = *tuple, .len = len,
	};
	if (len)
		memcpy(p->data, data, len);
	__atomic_add_fetch(&srv->shared->parcels, 1, __ATOMIC_RELAXED);
	return p;
}

void turn_parcel_free(struct turn_parcel *p)
{
	__atomic_sub_fetch(&p->shared->parcels, 1, __ATOMIC_RELAXED);
	free(p);
}

/* Return: 0, or a negative errno; @p is gone either way. */
static int parcel_post(struct turn_parcel *p, struct turn_server *to)
{
	const struct turn_server *srv = p->from;
	int err = srv->ops->post ? srv->ops->post(srv->env, to->env, p) :
				   -EOPNOTSUPP;

	if (err)
		turn_parcel_free(p);
	return err;
}

/* What anybody can cause has its limit: a client sends its request again. */
static bool too_many(struct turn_server *srv)
{
	if (__atomic_load_n(&srv->shared->parcels, __ATOMIC_RELAXED) <
	    TURN_PARCELS_MAX)
		return false;
	turn_drop(srv, TURN_DROP_DETOUR);
	return true;
}

static void post_bytes(struct turn_server *srv, struct turn_server *to,
		       enum parcel_kind kind, const struct turn_5tuple *tuple,
		       const uint8_t *data, size_t len)
{
	struct turn_parcel *p;

	if (too_many(srv))
		return;
	p = parcel_new(srv, kind, tuple, data, len);
	if (!p || parcel_post(p, to))
		turn_drop(srv, TURN_DROP_DETOUR);
}

void turn_transfer_ask(struct turn_request *req, struct turn_server *owner)
{
	/* Asked, and given away meanwhile: who asked is to ask again. */
	if (req->asked_by)
		return;
	post_bytes(req->srv, owner, PARCEL_ASK, req->tuple, req->msg->data,
		   req->msg->len);
}

void turn_transfer_reply(struct turn_request *req, const uint8_t *buf,
			 size_t len)
{
	post_bytes(req->srv, req->reply_by, PARCEL_REPLY, req->tuple, buf, len);
}

void turn_transfer_forget(struct turn_server *srv, struct turn_server *to,
			  const struct turn_5tuple *tuple)
{
	struct turn_parcel *p;

	/* The other one may have ended before. */
	if (srv->ending)
		return;
	/* Without memory a detour stays, until its 5-tuple has a new owner. */
	p = parcel_new(srv, PARCEL_FORGET, tuple, NULL, 0);
	if (p)
		parcel_post(p, to);
}

/* --- detours --------------------------------------------------------------- */

static struct turn_detour *detour_find(const struct turn_server *srv,
				       const struct turn_5tuple *tuple)
{
	struct turn_table_node *n;
	uint64_t hash;

	if (!srv->detours.count)
		return NULL;
	hash = turn_table_hash(&srv->secret, tuple, sizeof(*tuple));
	for (n = turn_table_first(&srv->detours, hash); n;
	     n = turn_table_next(n)) {
		struct turn_detour *d =
			container_of(n, struct turn_detour, node);

		if (memcmp(&d->tuple, tuple, sizeof(*tuple)) == 0)
			return d;
	}
	return NULL;
}

static void detour_end(struct turn_server *srv, struct turn_detour *d)
{
	turn_table_remove(&srv->detours, &d->node);
	free(d);
}

void turn_transfer_drop(struct turn_server *srv,
			const struct turn_5tuple *tuple)
{
	struct turn_detour *d = detour_find(srv, tuple);

	if (d)
		detour_end(srv, d);
}

/* Without memory, data that the client still sends by the old 5-tuple is lost. */
static void detour_add(struct turn_server *srv, const struct turn_5tuple *tuple,
		       struct turn_server *to)
{
	struct turn_detour *d = malloc(sizeof(*d));

	if (!d)
		return;
	*d = (struct turn_detour){ .tuple = *tuple, .to = to };
	turn_table_insert(&srv->detours, &d->node,
			  turn_table_hash(&srv->secret, tuple, sizeof(*tuple)));
}

bool turn_transfer_pass_on(struct turn_server *srv,
			   const struct turn_5tuple *tuple,
			   const uint8_t *buf, size_t len)
{
	const struct turn_detour *d = detour_find(srv, tuple);

	if (!d)
		return false;
	post_bytes(srv, d->to, PARCEL_DATA, tuple, buf, len);
	return true;
}

void turn_transfer_end(struct turn_server *srv)
{
	size_t i;

	for (i = 0; srv->detours.count && i <= srv->detours.mask; i++)
		while (srv->detours.buckets[i].first)
			detour_end(srv, container_of(srv->detours.buckets[i].first,
						     struct turn_detour, node));
}

/* --- handing over ---------------------------------------------------------- */

void turn_transfer_hand(struct turn_request *req)
{
	struct turn_server *srv = req->srv, *to = req->asked_by;
	struct turn_allocation *a = req->allocation;
	struct turn_parcel *p;
	int err;

	p = parcel_new(srv, PARCEL_HAND, req->tuple, req->msg->data,
		       req->msg->len);
	if (!p)
		return;
	turn_mobility_forget(a);
	turn_allocation_detach(a);
	detour_add(srv, &a->tuple, to);
	a->mobility->passes_on = srv;
	turn_mobility_give(a, to, false);
	p->allocation = a;
	p->fastpath_ups = srv->fastpath_ups;
	req->allocation = NULL;
	err = srv->ops->post(srv->env, to->env, p);
	if (!err)
		return;
	/* There was room for it here before. */
	p->allocation = NULL;
	turn_parcel_free(p);
	turn_transfer_drop(srv, &a->tuple);
	a->mobility->passes_on = NULL;
	turn_allocation_attach(a, srv);
	turn_mobility_give(a, srv, true);
}

/* An allocation is here: is what we know of it in the module still true? */
static bool take_over(struct turn_server *srv, struct turn_parcel *p,
		      uint64_t now)
{
	struct turn_allocation *a = p->allocation;

	p->allocation = NULL;
	if (p->fastpath_ups != srv->fastpath_ups || !srv->fastpath_up) {
		a->fastpath_id = 0;
		a->offload_stale = false;
		turn_session_settle(a);
	}
	if (turn_allocation_attach(a, srv)) {
		a->srv = srv;
		turn_allocation_discard(a, "out of memory");
		return false;
	}
	turn_mobility_give(a, srv, true);
	turn_offload_begin(a, now);
	return true;
}

void turn_server_parcel(struct turn_server *srv, struct turn_parcel *p,
			uint64_t now)
{
	switch (p->kind) {
	case PARCEL_ASK:
		turn_serve_forwarded(srv, p->from, &p->tuple, p->data, p->len,
				     true, now);
		break;
	case PARCEL_DATA:
		turn_serve_forwarded(srv, p->from, &p->tuple, p->data, p->len,
				     false, now);
		break;
	case PARCEL_HAND:
		if (take_over(srv, p, now))
			turn_server_datagram(srv, &p->tuple, p->data, p->len,
					     now);
		break;
	case PARCEL_REPLY:
		srv->ops->reply_client(srv->env, &p->tuple, p->data, p->len);
		break;
	case PARCEL_FORGET:
		turn_transfer_drop(srv, &p->tuple);
		break;
	}
}

void turn_server_parcel_return(struct turn_server *srv, struct turn_parcel *p)
{
	struct turn_allocation *a = p->allocation;

	if (!a)
		return;
	p->allocation = NULL;
	a->srv = srv;
	srv->ending = true;
	turn_allocation_discard(a, "server stopped");
}
