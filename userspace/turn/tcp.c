// SPDX-License-Identifier: BSD-3-Clause
/*
 * TCP allocations (RFC 6062). A connection with a peer waits for a
 * ConnectionBind request of the client, which comes by a connection of its
 * own; from then on the shell passes bytes between the two.
 */
#include <stdlib.h>

#include "stun/error_code.h"
#include "stun/fingerprint.h"
#include "turn/allocation.h"
#include "turn/relay.h"
#include "turn/tcp.h"
#include "turn/tcp_ids.h"

/* RFC 6062, sections 5.2 and 5.3: "at least" for the first. */
#define CONNECT_TIMEOUT_MS	30000
#define BIND_TIMEOUT_MS		30000

/* From a ConnectionBind in another worker until its connection is here. */
#define MOVE_TIMEOUT_MS		10000

/**
 * enum connection_state - where a connection with a peer stands
 * @CONNECTING: the peer has not answered; the client's Connect is open
 * @PENDING: waits for its ConnectionBind
 * @MOVING: that has come, but not yet the connection it came by
 * @BOUND: bytes pass
 */
enum connection_state {
	CONNECTING,
	PENDING,
	MOVING,
	BOUND,
};

/**
 * struct turn_connection - a peer data connection
 * @link: in the allocation's list
 * @by_id: in the server's table, once there is an @id
 * @allocation: the allocation
 * @peer: whom it leads to
 * @state: where it stands
 * @id: CONNECTION-ID; nobody's while CONNECTING
 * @handle: the shell's
 * @timer: ends it, unless it is bound
 * @txid: of the Connect request that is not yet answered
 * @hmac: integrity attribute of the answer
 * @authenticated: the request was
 * @fingerprint: and had FINGERPRINT
 */
struct turn_connection {
	LIST_ENTRY(turn_connection) link;
	struct turn_table_node by_id;
	struct turn_allocation *allocation;
	struct transport_addr peer;
	enum connection_state state;
	uint32_t id;
	void *handle;
	struct turn_timer timer;
	struct stun_txid txid;
	enum stun_hmac hmac;
	bool authenticated;
	bool fingerprint;
};

static uint64_t id_hash(const struct turn_server *srv, uint32_t id)
{
	return turn_table_hash(&srv->secret, &id, sizeof(id));
}

static void connection_end(struct turn_connection *c)
{
	struct turn_allocation *a = c->allocation;
	struct turn_server *srv = a->srv;

	if (c->state != CONNECTING) {
		turn_tcp_id_forget(srv->shared, c->id);
		turn_table_remove(&srv->connections, &c->by_id);
	}
	if (c->handle)
		srv->ops->peer_close(srv->env, c->handle);
	turn_timer_remove(&srv->timers, &c->timer);
	LIST_REMOVE(c, link);
	a->n_connections--;
	turn_uncount(&srv->stats.connections);
	free(c);
}

void turn_connections_end(struct turn_allocation *a,
			  bool (*doomed)(const struct turn_server *srv,
					 const struct transport_addr *peer))
{
	struct turn_connection *c, *next;

	for (c = LIST_FIRST(&a->connections); c; c = next) {
		next = LIST_NEXT(c, link);
		if (doomed(a->srv, &c->peer))
			connection_end(c);
	}
}

/* The answer to a Connect request that has waited for the peer. */
static void answer(struct turn_connection *c, unsigned int code, uint64_t now)
{
	struct turn_allocation *a = c->allocation;
	struct stun_message msg = {
		.class = STUN_REQUEST,
		.method = STUN_CONNECT,
		.txid = c->txid,
	};
	struct turn_request req = {
		.srv = a->srv, .tuple = &a->tuple, .msg = &msg,
		.allocation = a, .now = now, .key = a->key, .hmac = c->hmac,
		.authenticated = c->authenticated,
	};

	stun_mark_present(&msg, STUN_ATTR_FINGERPRINT, c->fingerprint);
	if (code) {
		turn_reply_error(&req, code);
		return;
	}
	stun_put_connection_id(turn_reply_begin(&req), c->id);
	turn_reply_end(&req);
}

static void connection_fire(struct turn_timer *timer, uint64_t now)
{
	struct turn_connection *c =
		container_of(timer, struct turn_connection, timer);
	struct turn_server *srv = c->allocation->srv;

	if (c->state == CONNECTING)
		answer(c, STUN_ERR_CONNECTION_TIMEOUT_OR_FAILURE, now);
	if (c->state == PENDING && !turn_tcp_id_forget(srv->shared, c->id)) {
		c->state = MOVING;
		turn_timer_set(&srv->timers, timer, now + MOVE_TIMEOUT_MS);
		return;
	}
	connection_end(c);
}

static struct turn_connection *
connection_new(struct turn_allocation *a, const struct transport_addr *peer)
{
	struct turn_server *srv = a->srv;
	struct turn_connection *c;

	if (a->n_connections >= srv->cfg->max_connections)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	if (turn_timer_add(&srv->timers, &c->timer, connection_fire)) {
		free(c);
		return NULL;
	}
	c->allocation = a;
	c->peer = *peer;
	LIST_INSERT_HEAD(&a->connections, c, link);
	a->n_connections++;
	turn_count(&srv->stats.connections);
	return c;
}

/* It has a peer, and waits for the client. */
static int connection_pend(struct turn_connection *c, uint64_t now)
{
	struct turn_server *srv = c->allocation->srv;
	int err = turn_tcp_id_new(c->allocation, &c->id);

	if (err)
		return err;
	c->state = PENDING;
	turn_table_insert(&srv->connections, &c->by_id, id_hash(srv, c->id));
	turn_timer_set(&srv->timers, &c->timer, now + BIND_TIMEOUT_MS);
	return 0;
}

static bool connected_to(const struct turn_allocation *a,
			 const struct transport_addr *peer)
{
	const struct turn_connection *c;

	LIST_FOREACH(c, &a->connections, link)
		if (transport_addr_equal(&c->peer, peer))
			return true;
	return false;
}

/* RFC 6062, section 5.2. What is wrong with a Connect request? */
static unsigned int check_connect(const struct turn_request *req,
				  struct transport_addr *peer)
{
	struct turn_allocation *a = req->allocation;
	struct transport_addr named;

	if (!a->tcp ||
	    stun_get_address(req->msg, STUN_ATTR_XOR_PEER_ADDRESS, &named))
		return STUN_ERR_BAD_REQUEST;
	if (!turn_peer_filter_permits(&req->srv->cfg->peers, &named))
		return STUN_ERR_FORBIDDEN;
	*peer = named;
	turn_nat_public_to_private(&req->srv->cfg->nat, peer);
	if (!turn_leg_alive(turn_leg(a, peer->family), req->now))
		return STUN_ERR_PEER_ADDRESS_FAMILY_MISMATCH;
	return connected_to(a, peer) ? STUN_ERR_CONNECTION_ALREADY_EXISTS : 0;
}

static unsigned int begin_connect(struct turn_request *req,
				  const struct transport_addr *peer)
{
	struct turn_allocation *a = req->allocation;
	struct turn_server *srv = req->srv;
	struct turn_connection *c = connection_new(a, peer);

	if (!c)
		return STUN_ERR_INSUFFICIENT_CAPACITY;
	c->txid = req->msg->txid;
	c->hmac = req->hmac;
	c->authenticated = req->authenticated;
	c->fingerprint = stun_has(req->msg, STUN_ATTR_FINGERPRINT);
	turn_timer_set(&srv->timers, &c->timer, req->now + CONNECT_TIMEOUT_MS);
	if (srv->ops->peer_connect(srv->env,
				   turn_leg(a, peer->family)->relay.handle,
				   peer, c, &c->handle) == 0)
		return 0;
	c->handle = NULL;
	connection_end(c);
	return STUN_ERR_CONNECTION_TIMEOUT_OR_FAILURE;
}

void turn_serve_connect(struct turn_request *req)
{
	struct transport_addr peer;
	unsigned int code = check_connect(req, &peer);

	if (!code)
		code = begin_connect(req, &peer);
	if (code)
		turn_reply_error(req, code);
}

void turn_server_peer_connected(struct turn_server *srv,
				struct turn_connection *c, int error,
				uint64_t now)
{
	(void)srv;
	if (error) {
		answer(c, STUN_ERR_CONNECTION_TIMEOUT_OR_FAILURE, now);
		connection_end(c);
	} else if (connection_pend(c, now)) {
		answer(c, STUN_ERR_INSUFFICIENT_CAPACITY, now);
		connection_end(c);
	} else {
		answer(c, 0, now);
	}
}

static void tell_of_attempt(struct turn_connection *c)
{
	struct turn_allocation *a = c->allocation;
	struct turn_server *srv = a->srv;
	struct stun_builder b;
	struct stun_txid txid;
	ssize_t len;

	turn_indication_txid(srv, &txid);
	stun_build(&b, srv->reply, sizeof(srv->reply), STUN_INDICATION,
		   STUN_CONNECTION_ATTEMPT, &txid);
	turn_put_peer(&b, srv, &c->peer);
	stun_put_connection_id(&b, c->id);
	if (srv->cfg->fingerprint)
		stun_put_fingerprint(&b);
	len = stun_build_end(&b);
	if (len > 0)
		srv->ops->reply_client(srv->env, &a->tuple, srv->reply,
				       (size_t)len);
}

/* RFC 6062, section 5.3 */
struct turn_connection *
turn_server_peer_accepted(struct turn_server *srv, struct turn_allocation *a,
			  const struct transport_addr *peer, void *handle,
			  uint64_t now)
{
	struct turn_connection *c;

	if (!turn_leg_alive(turn_leg(a, peer->family), now) ||
	    !turn_permission_find(a, peer, now)) {
		turn_drop(srv, TURN_DROP_NO_PERMISSION);
		return NULL;
	}
	c = connection_new(a, peer);
	if (!c)
		return NULL;
	if (connection_pend(c, now)) {
		connection_end(c);
		return NULL;
	}
	c->handle = handle;
	tell_of_attempt(c);
	return c;
}

/* RFC 6062, section 5.4 */
void turn_serve_connection_bind(struct turn_request *req)
{
	struct turn_server *srv = req->srv;
	void *owner;
	uint32_t id;

	if (!turn_is_stream(req->tuple) || req->allocation ||
	    stun_get_connection_id(req->msg, &id) ||
	    turn_tcp_id_claim(srv->shared, id, req->username,
			      req->realm->name, &owner)) {
		turn_reply_error(req, STUN_ERR_BAD_REQUEST);
		return;
	}
	stun_put_connection_id(turn_reply_begin(req), id);
	turn_reply_end(req);
	srv->ops->stream_move(srv->env, req->tuple, owner, id);
}

static struct turn_connection *find_by_id(const struct turn_server *srv,
					  uint32_t id)
{
	struct turn_table_node *n;

	for (n = turn_table_first(&srv->connections, id_hash(srv, id)); n;
	     n = turn_table_next(n)) {
		struct turn_connection *c =
			container_of(n, struct turn_connection, by_id);

		if (c->id == id)
			return c;
	}
	return NULL;
}

void *turn_server_connection_bound(struct turn_server *srv, uint32_t id,
				   struct turn_connection **connection)
{
	struct turn_connection *c = find_by_id(srv, id);

	if (!c || c->state == BOUND)
		return NULL;
	c->state = BOUND;
	turn_timer_unset(&srv->timers, &c->timer);
	*connection = c;
	return c->handle;
}

uint64_t turn_server_connection_data(struct turn_server *srv,
				     struct turn_connection *c, bool to_peer,
				     size_t len, uint64_t now)
{
	struct turn_allocation *a = c->allocation;

	turn_count_flow(to_peer ? &a->to_peer : &a->to_client, len);
	turn_count_flow(to_peer ? &srv->stats.to_peer : &srv->stats.to_client,
			len);
	return turn_police_pause(a, to_peer ? TURN_TO_PEER : TURN_TO_CLIENT,
				 len, now);
}

void turn_server_connection_closed(struct turn_server *srv,
				   struct turn_connection *c)
{
	(void)srv;
	c->handle = NULL;
	connection_end(c);
}
