// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stun/error_code.h"
#include "turn/allocation.h"
#include "turn/mobility.h"
#include "turn/offload.h"
#include "turn/ticket.h"
#include "turn/transfer.h"

static uint64_t tuple_hash(const struct turn_server *srv,
			   const struct turn_5tuple *tuple)
{
	return turn_table_hash(&srv->secret, tuple, sizeof(*tuple));
}

/*
 * Section 5: without the long-term credential mechanism and without (D)TLS
 * anybody could come with another's ticket.
 */
static bool allowed(const struct turn_request *req)
{
	const struct turn_config *cfg = req->srv->cfg;

	return cfg->mobility && (cfg->auth == TURN_AUTH_LONG_TERM ||
				 req->tuple->transport == TURN_TLS ||
				 req->tuple->transport == TURN_DTLS);
}

unsigned int turn_mobility_wish(const struct turn_request *req, bool *wished)
{
	struct stun_bytes ticket;

	*wished = !stun_get_bytes(req->msg, STUN_ATTR_MOBILITY_TICKET, &ticket);
	if (!*wished)
		return 0;
	if (ticket.len)
		return STUN_ERR_BAD_REQUEST;
	return allowed(req) ? 0 : STUN_ERR_MOBILITY_FORBIDDEN;
}

/* --- the directory --------------------------------------------------------- */

int turn_mobility_new(struct turn_allocation *a)
{
	struct turn_shared *shared = a->srv->shared;
	struct turn_mobility *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->owner = a->srv;
	m->allocation = a;
	m->ticket = 1;
	a->mobility = m;
	pthread_mutex_lock(&shared->lock);
	m->id = ++shared->last_mobile;
	turn_table_insert(&shared->mobiles, &m->node, m->id);
	pthread_mutex_unlock(&shared->lock);
	return 0;
}

void turn_mobility_give(struct turn_allocation *a, struct turn_server *to,
			bool arrived)
{
	struct turn_mobility *m = a->mobility;

	pthread_mutex_lock(&to->shared->lock);
	m->owner = to;
	m->allocation = arrived ? a : NULL;
	pthread_mutex_unlock(&to->shared->lock);
}

/* Who has it? The allocation is filled if it is @srv. */
static struct turn_server *find_owner(struct turn_server *srv, uint64_t id,
				      struct turn_allocation **a)
{
	struct turn_shared *shared = srv->shared;
	struct turn_server *owner = NULL;
	struct turn_table_node *n;

	*a = NULL;
	pthread_mutex_lock(&shared->lock);
	n = turn_table_first(&shared->mobiles, id);
	if (n) {
		const struct turn_mobility *m =
			container_of(n, struct turn_mobility, node);

		owner = m->owner;
		if (owner == srv)
			*a = m->allocation;
	}
	pthread_mutex_unlock(&shared->lock);
	return owner;
}

void turn_mobility_end(struct turn_allocation *a)
{
	struct turn_mobility *m = a->mobility;
	struct turn_shared *shared = a->srv->shared;

	if (!m)
		return;
	turn_mobility_forget(a);
	if (m->passes_on)
		turn_transfer_forget(a->srv, m->passes_on, &a->tuple);
	pthread_mutex_lock(&shared->lock);
	turn_table_remove(&shared->mobiles, &m->node);
	pthread_mutex_unlock(&shared->lock);
	a->mobility = NULL;
	free(m);
}

/* --- the former 5-tuple ---------------------------------------------------- */

struct turn_allocation *
turn_mobility_by_former(const struct turn_server *srv,
			const struct turn_5tuple *tuple)
{
	struct turn_table_node *n;

	if (!srv->by_former.count)
		return NULL;
	for (n = turn_table_first(&srv->by_former, tuple_hash(srv, tuple)); n;
	     n = turn_table_next(n)) {
		struct turn_mobility *m =
			container_of(n, struct turn_mobility, by_former);

		if (memcmp(&m->former, tuple, sizeof(*tuple)) == 0)
			return m->allocation;
	}
	return NULL;
}

bool turn_mobility_left(const struct turn_allocation *a,
			const struct turn_5tuple *tuple)
{
	return memcmp(&a->tuple, tuple, sizeof(*tuple)) != 0;
}

void turn_mobility_forget(struct turn_allocation *a)
{
	struct turn_mobility *m = a->mobility;

	if (!m->has_former)
		return;
	turn_table_remove(&a->srv->by_former, &m->by_former);
	m->has_former = false;
	if (m->passes_on)
		turn_transfer_forget(a->srv, m->passes_on, &m->former);
	m->passes_on = NULL;
}

/*
 * "After receiving any of those messages, a TURN server discards the old ticket
 * and the old 5-tuple": here Send indications and ChannelData, and what the
 * module forwards it judges by itself. The old ticket has been good for nothing
 * but retransmissions anyway.
 */
void turn_mobility_heard(struct turn_allocation *a,
			 const struct turn_5tuple *tuple)
{
	const struct turn_mobility *m = a->mobility;

	if (!m->has_former || turn_mobility_left(a, tuple))
		return;
	turn_mobility_forget(a);
	turn_offload_heard(a);
}

/* --- tickets --------------------------------------------------------------- */

void turn_mobility_put_ticket(struct turn_request *req)
{
	const struct turn_mobility *m = req->allocation->mobility;
	struct turn_server *srv = req->srv;
	char sealed[TURN_TICKET_LEN + 1];
	struct turn_ticket ticket;

	if (!m)
		return;
	ticket = (struct turn_ticket){ m->id, m->ticket };
	if (turn_ticket_seal(&srv->shared->ticket_key, &ticket, sealed))
		turn_log(srv, TURN_LOG_ERROR, req->allocation,
			 "OpenSSL cannot encrypt by AES-256-SIV: no mobility ticket");
	else
		stun_put_string(&req->b, STUN_ATTR_MOBILITY_TICKET, sealed);
}

/*
 * The valid ticket, or the one before it in a retransmission of the request
 * that used it up: that is answered as before.
 */
static unsigned int judge(struct turn_request *req,
			  const struct turn_ticket *ticket)
{
	const struct turn_allocation *a = req->allocation;
	const struct turn_mobility *m = a->mobility;
	bool here = !turn_mobility_left(a, req->tuple);

	if (ticket->number == m->ticket) {
		req->moves = !here;
		return here ? STUN_ERR_BAD_REQUEST : 0;
	}
	if (ticket->number + 1 == m->ticket && here &&
	    memcmp(&m->txid, &req->msg->txid, sizeof(m->txid)) == 0 &&
	    req->now - m->moved <= TURN_MOBILITY_REPEAT)
		return 0;
	return STUN_ERR_BAD_REQUEST;
}

bool turn_mobility_find(struct turn_request *req)
{
	struct turn_allocation *other = req->allocation;
	struct turn_server *owner, *srv = req->srv;
	struct stun_bytes value;
	struct turn_ticket ticket;

	if (stun_get_bytes(req->msg, STUN_ATTR_MOBILITY_TICKET, &value))
		return true;
	req->has_ticket = true;
	if (!allowed(req)) {
		req->refusal = STUN_ERR_MOBILITY_FORBIDDEN;
		return true;
	}
	if (!turn_ticket_open(&srv->shared->ticket_key, value.data, value.len,
			      &ticket)) {
		req->refusal = STUN_ERR_BAD_REQUEST;
		return true;
	}
	owner = find_owner(srv, ticket.id, &req->allocation);
	if (owner && !req->allocation && !other) {
		/* On its way here: the client will ask again. */
		if (owner != srv)
			turn_transfer_ask(req, owner);
		return false;
	}
	/* It has ended, or the 5-tuple has an allocation of its own. */
	if (!owner || (other && other != req->allocation))
		req->refusal = STUN_ERR_ALLOCATION_MISMATCH;
	else
		req->refusal = judge(req, &ticket);
	return true;
}

/* --- the move -------------------------------------------------------------- */

/* Section 3.2.2: the old 5-tuple is not discarded from the state data. */
static void keep_former(struct turn_allocation *a)
{
	struct turn_mobility *m = a->mobility;

	turn_mobility_forget(a);
	m->former = a->tuple;
	m->has_former = true;
	turn_table_insert(&a->srv->by_former, &m->by_former,
			  tuple_hash(a->srv, &m->former));
}

bool turn_mobility_move(struct turn_request *req)
{
	struct turn_allocation *a = req->allocation;
	struct turn_mobility *m = a->mobility;
	char text[TRANSPORT_ADDR_STRLEN];

	if (req->asked_by) {
		turn_transfer_hand(req);
		return false;
	}
	turn_log(req->srv, TURN_LOG_INFO, a, "moves to %s",
		 transport_addr_print(&req->tuple->client, text));
	turn_transfer_drop(req->srv, req->tuple);
	keep_former(a);
	turn_allocation_rekey(a, req->tuple);
	m->ticket++;
	m->txid = req->msg->txid;
	m->moved = req->now;
	return true;
}
