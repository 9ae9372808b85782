// SPDX-License-Identifier: BSD-3-Clause
/* The server: making and ending it, and who gets what comes in. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stun/demux.h"
#include "stun/error_code.h"
#include "stun/fingerprint.h"
#include "turn/allocation.h"
#include "turn/classic.h"
#include "turn/hold.h"
#include "turn/mobility.h"
#include "turn/offload.h"
#include "turn/orphan.h"
#include "turn/realm.h"
#include "turn/relay.h"
#include "turn/tcp.h"
#include "turn/transfer.h"

/* Timers fired in one turn_server_tick(), so that packets get their turn. */
#define TICK_MAX 256

void turn_log(struct turn_server *srv, enum turn_log_level level,
	      const struct turn_allocation *a, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	srv->ops->log(srv->env, level, a, text);
}

static int tables_init(struct turn_server *srv)
{
	if (turn_table_init(&srv->by_tuple) ||
	    turn_table_init(&srv->by_fastpath_id) ||
	    turn_table_init(&srv->by_former) ||
	    turn_table_init(&srv->detours) ||
	    turn_table_init(&srv->permissions) ||
	    turn_table_init(&srv->channels_by_number) ||
	    turn_table_init(&srv->channels_by_peer) ||
	    turn_table_init(&srv->connections))
		return -1;
	return 0;
}

static void server_free(struct turn_server *srv)
{
	turn_table_free(&srv->by_tuple);
	turn_table_free(&srv->by_fastpath_id);
	turn_table_free(&srv->by_former);
	turn_table_free(&srv->detours);
	turn_table_free(&srv->permissions);
	turn_table_free(&srv->channels_by_number);
	turn_table_free(&srv->channels_by_peer);
	turn_table_free(&srv->connections);
	turn_timers_free(&srv->timers);
	stun_crypto_free(srv->crypto);
	turn_config_put(srv->cfg);
	free(srv);
}

struct turn_server *turn_server_new(struct turn_shared *shared,
				    struct turn_config *cfg,
				    const struct turn_ops *ops, void *env)
{
	struct turn_server *srv = calloc(1, sizeof(*srv));

	if (!srv)
		return NULL;
	srv->shared = shared;
	srv->cfg = turn_config_get(cfg);
	srv->ops = ops;
	srv->env = env;
	srv->crypto = stun_crypto_new();
	LIST_INIT(&srv->allocations);
	LIST_INIT(&srv->holds);
	LIST_INIT(&srv->orphans_ending);
	if (!srv->crypto || tables_init(srv)) {
		server_free(srv);
		return NULL;
	}
	ops->random(env, &srv->id_key, sizeof(srv->id_key));
	ops->random(env, &srv->secret, sizeof(srv->secret));
	return srv;
}

void turn_server_close_all(struct turn_server *srv)
{
	while (!LIST_EMPTY(&srv->allocations))
		turn_allocation_end(LIST_FIRST(&srv->allocations),
				    "server stopped");
	turn_orphans_end(srv);
	turn_hold_end_all(srv);
	turn_transfer_end(srv);
}

void turn_server_free(struct turn_server *srv)
{
	struct turn_allocation *a;

	if (!srv)
		return;
	srv->ending = true;
	LIST_FOREACH(a, &srv->allocations, link)
		turn_offload_forget(a);
	turn_server_close_all(srv);
	server_free(srv);
}

static bool peer_denied(const struct turn_server *srv,
			const struct transport_addr *peer)
{
	struct transport_addr named = *peer;

	turn_nat_private_to_public(&srv->cfg->nat, &named);
	return named.port ?
	       !turn_peer_filter_permits(&srv->cfg->peers, &named) :
	       !turn_peer_filter_permits_ip(&srv->cfg->peers, &named);
}

void turn_server_check_peers(struct turn_allocation *a)
{
	turn_connections_end(a, peer_denied);
	/* Out of the module at once; what is left returns by timer. */
	if (turn_permissions_end(a, peer_denied))
		turn_offload_redo(a, true);
}

void turn_server_set_config(struct turn_server *srv, struct turn_config *cfg)
{
	bool other_limit = srv->cfg->max_bps != cfg->max_bps;
	struct turn_config *old = srv->cfg;
	struct turn_allocation *a;

	srv->cfg = turn_config_get(cfg);
	turn_config_put(old);
	LIST_FOREACH(a, &srv->allocations, link) {
		turn_server_check_peers(a);
		if (other_limit)
			turn_offload_redo(a, false);
	}
}

const struct turn_config *turn_server_config(const struct turn_server *srv)
{
	return srv->cfg;
}

void turn_server_drain(struct turn_server *srv, bool drain)
{
	srv->draining = drain;
}

/* What the server knows of a method. */
struct method {
	uint16_t method;
	bool needs_allocation;
	void (*serve)(struct turn_request *req);
};

static const struct method methods[] = {
	{ STUN_BINDING, false, turn_serve_binding },
	{ STUN_ALLOCATE, false, turn_serve_allocate },
	{ STUN_REFRESH, true, turn_serve_refresh },
	{ STUN_CREATE_PERMISSION, true, turn_serve_create_permission },
	{ STUN_CHANNEL_BIND, true, turn_serve_channel_bind },
	{ STUN_CONNECT, true, turn_serve_connect },
	{ STUN_CONNECTION_BIND, false, turn_serve_connection_bind },
};

static const struct method *find_method(const struct turn_config *cfg,
					uint16_t method)
{
	size_t i;

	if (method == STUN_BINDING ? cfg->no_stun : cfg->stun_only)
		return NULL;
	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (methods[i].method == method)
			return &methods[i];
	return NULL;
}

static bool needs_auth(const struct turn_config *cfg, uint16_t method)
{
	return cfg->auth == TURN_AUTH_LONG_TERM &&
	       (method != STUN_BINDING || cfg->secure_stun);
}

/**
 * struct arrival - how something came from a client
 * @tuple: by this 5-tuple
 * @by: another server's worker passed it on; NULL: it came here
 * @asks: that one wants the allocation
 * @now: when
 */
struct arrival {
	const struct turn_5tuple *tuple;
	struct turn_server *by;
	bool asks;
	uint64_t now;
};

/*
 * The allocation that the request is about. Return: false if another server
 * sees to the request.
 */
static bool find_allocation(struct turn_request *req, bool needed)
{
	struct turn_server *srv = req->srv;

	req->allocation = turn_allocation_find(srv, req->tuple, req->now);
	if (req->msg->method == STUN_REFRESH &&
	    stun_has(req->msg, STUN_ATTR_MOBILITY_TICKET))
		return turn_mobility_find(req);
	if (!req->allocation)
		req->allocation = turn_mobility_by_former(srv, req->tuple);
	return req->allocation || !needed ||
	       !turn_transfer_pass_on(srv, req->tuple, req->msg->data,
				      req->msg->len);
}

/* The order of the checks: RFC 8489 6.3, then RFC 8656 section 5. */
static void handle_request(struct turn_server *srv,
			   const struct arrival *from,
			   const struct stun_message *msg)
{
	const struct method *method = find_method(srv->cfg, msg->method);
	uint16_t types[TURN_DISCOVERY_ATTRS];
	struct turn_request req = {
		.srv = srv, .tuple = from->tuple, .msg = msg, .now = from->now,
		.realm = turn_realm_of(srv->cfg, msg),
		.reply_by = from->by, .asked_by = from->asks ? from->by : NULL,
	};

	if (!method) {
		turn_drop(srv, TURN_DROP_UNEXPECTED);
		return;
	}
	if (!find_allocation(&req, method->needs_allocation))
		return;
	turn_count(&srv->stats.requests);
	if (msg->method == STUN_BINDING)
		turn_count(&srv->stats.binding_requests);
	if (needs_auth(srv->cfg, msg->method) && !turn_authenticate(&req))
		return;
	if (msg->unknown_count || turn_unexpected_token(&req) ||
	    turn_discovery_unknown(&req, types))
		turn_reply_unknown(&req);
	else if (req.refusal)
		turn_reply_error(&req, req.refusal);
	else if (method->needs_allocation && !req.allocation)
		turn_reply_error(&req, STUN_ERR_ALLOCATION_MISMATCH);
	else if (method->needs_allocation && msg->bad_attribute)
		turn_reply_error(&req, STUN_ERR_BAD_REQUEST);
	else
		method->serve(&req);
}

static void handle_indication(struct turn_server *srv,
			      const struct turn_5tuple *tuple,
			      const struct stun_message *msg, uint64_t now)
{
	if (msg->method == STUN_SEND && !srv->cfg->stun_only)
		turn_relay_send(srv, tuple, msg, now);
	else if (msg->method != STUN_BINDING)
		turn_drop(srv, TURN_DROP_UNEXPECTED);
	/* A Binding indication has kept the NATs' bindings alive: that is all. */
}

static void handle_message(struct turn_server *srv, const struct arrival *from,
			   const uint8_t *buf, size_t len)
{
	enum stun_decode_result result;
	struct stun_message msg;

	result = stun_message_decode(&msg, buf, len);
	if (result == STUN_NOT_STUN) {
		if (!turn_serve_classic(srv, from->tuple, buf, len, from->now))
			turn_drop(srv, TURN_DROP_NOT_TURN);
		return;
	}
	if (result == STUN_BAD_FRAMING ||
	    stun_check_fingerprint(&msg) == -EBADMSG) {
		turn_drop(srv, TURN_DROP_MALFORMED);
		return;
	}
	if (msg.class == STUN_REQUEST)
		handle_request(srv, from, &msg);
	else if (msg.class == STUN_INDICATION)
		handle_indication(srv, from->tuple, &msg, from->now);
	else
		turn_drop(srv, TURN_DROP_UNEXPECTED);
}

static void handle_datagram(struct turn_server *srv, const struct arrival *from,
			    const uint8_t *buf, size_t len)
{
	switch (stun_packet_classify(buf, len, srv->cfg->rfc5766_channels)) {
	case STUN_PACKET_CHANNEL_DATA:
		turn_relay_channel_data(srv, from->tuple, buf, len, from->now);
		break;
	case STUN_PACKET_MESSAGE:
		handle_message(srv, from, buf, len);
		break;
	case STUN_PACKET_OTHER:
		turn_drop(srv, TURN_DROP_NOT_TURN);
		break;
	}
}

void turn_server_datagram(struct turn_server *srv,
			  const struct turn_5tuple *tuple,
			  uint8_t *buf, size_t len, uint64_t now)
{
	const struct arrival from = { .tuple = tuple, .now = now };

	handle_datagram(srv, &from, buf, len);
}

void turn_serve_forwarded(struct turn_server *srv, struct turn_server *by,
			  const struct turn_5tuple *tuple,
			  const uint8_t *buf, size_t len, bool asks,
			  uint64_t now)
{
	const struct arrival from = {
		.tuple = tuple, .by = by, .asks = asks, .now = now,
	};

	handle_datagram(srv, &from, buf, len);
}

void turn_server_client_gone(struct turn_server *srv,
			     const struct turn_5tuple *tuple)
{
	struct turn_allocation *a = turn_allocation_find(srv, tuple, 0);

	turn_transfer_drop(srv, tuple);
	/* Who has a ticket may come back by another connection. */
	if (a && !a->mobility) {
		turn_allocation_end(a, "client closed the connection");
		return;
	}
	/* RFC 8016, section 3.2.2: "a message [...] to close the old connection" */
	a = turn_mobility_by_former(srv, tuple);
	if (a)
		turn_mobility_forget(a);
}

bool turn_server_has_client(struct turn_server *srv,
			    const struct turn_5tuple *tuple, uint64_t now)
{
	return turn_allocation_find(srv, tuple, now) != NULL;
}

uint64_t turn_server_deadline(const struct turn_server *srv)
{
	return turn_timers_next(&srv->timers);
}

void turn_server_tick(struct turn_server *srv, uint64_t now)
{
	/* A timer that does the work of others takes them off, too. */
	srv->tick_left = TICK_MAX;
	while (srv->tick_left > 0 && turn_timers_fire(&srv->timers, now))
		srv->tick_left--;
}
