// SPDX-License-Identifier: BSD-3-Clause
/* Allocate requests (RFC 8656, section 7.2). */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "stun/error_code.h"
#include "turn/allocation.h"
#include "turn/hold.h"
#include "turn/mobility.h"
#include "turn/offload.h"
#include "turn/session.h"
#include "turn/tcp.h"
#include "turn/users.h"

/**
 * struct wish - what an Allocate request asks for, and what it gets
 * @families: AF_INET, AF_INET6 or both
 * @n_families: how many
 * @tcp: a relay for TCP
 * @even_port: EVEN-PORT is there
 * @reserve: with its R bit
 * @has_token: RESERVATION-TOKEN is there
 * @token: its value; later, that of the port reserved now
 * @relays: sockets opened, as @families; the handle of those refused is NULL
 * @next: socket of the reserved port
 * @refused: error code of a family that was refused, or 0
 * @ticket: MOBILITY-TICKET is there
 * @quota: the slot, until the allocation has it
 */
struct wish {
	int families[TURN_LEGS];
	size_t n_families;
	bool tcp;
	bool even_port;
	bool reserve;
	bool has_token;
	uint8_t token[STUN_RESERVATION_TOKEN_LEN];
	struct turn_relay relays[TURN_LEGS];
	struct turn_relay next;
	unsigned int refused[TURN_LEGS];
	bool ticket;
	struct turn_quota quota;
};

static void reply_success(struct turn_request *req)
{
	const struct turn_allocation *a = req->allocation;
	struct stun_builder *b = turn_reply_begin(req);
	uint64_t left = turn_allocation_expires(a) - req->now;
	int i;

	for (i = 0; i < TURN_LEGS; i++)
		if (a->legs[i].relay.handle)
			stun_put_address(b, STUN_ATTR_XOR_RELAYED_ADDRESS,
					 &a->legs[i].relay.relayed);
	stun_put_lifetime(b, (uint32_t)(left / 1000));
	if (a->has_token)
		stun_put_reservation_token(b, a->token);
	stun_put_address(b, STUN_ATTR_XOR_MAPPED_ADDRESS, &a->tuple.client);
	turn_mobility_put_ticket(req);
	if (a->refused_family)
		stun_put_address_error_code(b, a->refused_family,
					    a->refused_code, NULL);
	turn_reply_end(req);
}

/* RFC 6062, section 5.1 */
static unsigned int check_tcp(const struct turn_request *req)
{
	const struct stun_message *msg = req->msg;

	if (req->srv->cfg->no_tcp_relay)
		return STUN_ERR_UNSUPPORTED_TRANSPORT_PROTOCOL;
	return !turn_is_stream(req->tuple) ||
	       stun_has(msg, STUN_ATTR_DONT_FRAGMENT) ||
	       stun_has(msg, STUN_ATTR_EVEN_PORT) ||
	       stun_has(msg, STUN_ATTR_RESERVATION_TOKEN) ?
	       STUN_ERR_BAD_REQUEST : 0;
}

static unsigned int check_transport(const struct turn_request *req,
				    struct wish *w)
{
	uint8_t protocol;

	if (stun_get_requested_transport(req->msg, &protocol))
		return STUN_ERR_BAD_REQUEST;
	w->tcp = protocol == IPPROTO_TCP;
	if (w->tcp)
		return check_tcp(req);
	if (protocol != IPPROTO_UDP)
		return STUN_ERR_UNSUPPORTED_TRANSPORT_PROTOCOL;
	return req->srv->cfg->no_udp_relay ? STUN_ERR_FORBIDDEN : 0;
}

static unsigned int want_family(struct wish *w, uint8_t family)
{
	if (family != STUN_FAMILY_IPV4 && family != STUN_FAMILY_IPV6)
		return STUN_ERR_ADDRESS_FAMILY_NOT_SUPPORTED;
	w->families[w->n_families++] =
		family == STUN_FAMILY_IPV4 ? AF_INET : AF_INET6;
	return 0;
}

static uint8_t default_family(const struct turn_request *req)
{
	switch (req->srv->cfg->default_family) {
	case TURN_DEFAULT_FAMILY_IPV6:
		return STUN_FAMILY_IPV6;
	case TURN_DEFAULT_FAMILY_KEEP:
		return req->tuple->client.family == AF_INET6 ?
		       STUN_FAMILY_IPV6 : STUN_FAMILY_IPV4;
	case TURN_DEFAULT_FAMILY_IPV4:
		break;
	}
	return STUN_FAMILY_IPV4;
}

/* The request's number of ADDITIONAL-ADDRESS-FAMILY; 0 without. */
static uint16_t additional_family(const struct stun_message *msg)
{
	if (stun_has(msg, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY))
		return STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY;
	if (stun_has(msg, STUN_ATTR_DRAFT_ADDITIONAL_ADDRESS_FAMILY))
		return STUN_ATTR_DRAFT_ADDITIONAL_ADDRESS_FAMILY;
	return 0;
}

/* Steps 5 to 9 of section 7.2, as far as they concern the message itself. */
static unsigned int read_wish(const struct turn_request *req, struct wish *w)
{
	const struct stun_message *msg = req->msg;
	uint16_t additional = additional_family(msg);
	uint8_t family;
	bool requested;

	w->has_token = stun_get_reservation_token(msg, w->token) == 0;
	w->even_port = stun_get_even_port(msg, &w->reserve) == 0;
	requested = stun_has(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY);

	if (w->has_token)
		return w->even_port || requested || additional ?
		       STUN_ERR_BAD_REQUEST : 0;
	if (requested && additional)
		return STUN_ERR_BAD_REQUEST;
	if (requested) {
		if (stun_get_address_family(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
					    &family))
			return STUN_ERR_BAD_REQUEST;
		return want_family(w, family);
	}
	if (!additional)
		return want_family(w, default_family(req));
	if (w->reserve || stun_get_address_family(msg, additional, &family) ||
	    family != STUN_FAMILY_IPV6)
		return STUN_ERR_BAD_REQUEST;
	want_family(w, STUN_FAMILY_IPV4);
	return want_family(w, STUN_FAMILY_IPV6);
}

static void close_relay(struct turn_server *srv, struct turn_relay *relay)
{
	if (relay->handle)
		srv->ops->relay_close(srv->env, relay->handle);
	relay->handle = NULL;
}

/* Gives back what the wish still holds. */
static void wish_end(struct turn_server *srv, struct wish *w)
{
	size_t i;

	for (i = 0; i < TURN_LEGS; i++)
		close_relay(srv, &w->relays[i]);
	close_relay(srv, &w->next);
	turn_quota_drop(srv->shared, &w->quota);
}

/* All of the families refused? Then the request is; if one, it is told so. */
static unsigned int open_relays(struct turn_server *srv, struct wish *w)
{
	bool any = false;
	size_t i;

	for (i = 0; i < w->n_families; i++) {
		const struct turn_relay_request request = {
			.family = w->families[i],
			.tcp = w->tcp,
			.even_port = w->even_port,
			.reserve_next = w->reserve,
		};
		int err = srv->ops->relay_open(srv->env, &request,
					       &w->relays[i], &w->next);

		if (!err) {
			any = true;
			continue;
		}
		w->relays[i].handle = NULL;
		w->refused[i] = err == -EAFNOSUPPORT ?
				STUN_ERR_ADDRESS_FAMILY_NOT_SUPPORTED :
				STUN_ERR_INSUFFICIENT_CAPACITY;
	}
	if (any)
		return 0;
	/* One of two for lack of capacity: then that is what both lack. */
	for (i = 0; i < w->n_families; i++)
		if (w->refused[i] == STUN_ERR_INSUFFICIENT_CAPACITY)
			return w->refused[i];
	return w->refused[0];
}

static unsigned int quota_error(int err)
{
	if (!err)
		return 0;
	return err == -EDQUOT ? STUN_ERR_ALLOCATION_QUOTA_REACHED :
				STUN_ERR_INSUFFICIENT_CAPACITY;
}

static unsigned int get_sockets(struct turn_request *req, struct wish *w)
{
	struct turn_server *srv = req->srv;
	const struct turn_quota_claim claim = turn_quota_claim(req);
	unsigned int code;
	bool reserve;

	/* A reserved port gives back its slot, which the allocation then takes. */
	if (w->has_token &&
	    turn_reservation_take(srv->shared, w->token, &w->relays[0]))
		return STUN_ERR_INSUFFICIENT_CAPACITY;
	code = quota_error(turn_quota_take(srv->shared, &claim, &w->quota));
	if (!code && !w->has_token)
		code = open_relays(srv, w);
	reserve = !code && w->reserve;
	if (reserve)
		code = quota_error(turn_hold(req, &w->next, w->token));
	if (reserve && !code)
		w->next.handle = NULL;
	return code;
}

static void note_refused_family(struct turn_allocation *a,
				const struct wish *w)
{
	size_t i;

	for (i = 0; i < w->n_families; i++) {
		if (!w->refused[i])
			continue;
		a->refused_code = (uint16_t)w->refused[i];
		a->refused_family = w->families[i] == AF_INET ?
				    STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6;
	}
}

static unsigned int allocate(struct turn_request *req, struct wish *w)
{
	uint64_t lifetime = turn_lifetime(req);
	char relayed[TRANSPORT_ADDR_STRLEN];
	struct turn_allocation *a;
	size_t i;

	a = turn_allocation_new(req);
	if (!a)
		return STUN_ERR_INSUFFICIENT_CAPACITY;
	if (w->ticket && turn_mobility_new(a)) {
		turn_allocation_end(a, "out of memory");
		return STUN_ERR_INSUFFICIENT_CAPACITY;
	}
	a->quota = turn_quota_move(&w->quota);
	a->tcp = w->tcp;
	a->has_token = w->reserve;
	memcpy(a->token, w->token, sizeof(a->token));
	note_refused_family(a, w);
	for (i = 0; i < TURN_LEGS; i++) {
		if (!w->relays[i].handle)
			continue;
		turn_allocation_open(a, &w->relays[i],
				     req->now + 1000 * lifetime);
		turn_log(req->srv, TURN_LOG_INFO, a, "relayed at %s",
			 transport_addr_print(&w->relays[i].relayed, relayed));
		w->relays[i].handle = NULL;
	}
	req->allocation = a;
	return 0;
}

static bool is_retransmission(const struct turn_request *req)
{
	const struct turn_allocation *a = req->allocation;

	return memcmp(&a->txid, &req->msg->txid, sizeof(a->txid)) == 0 &&
	       turn_is_owner(req);
}

void turn_serve_allocate(struct turn_request *req)
{
	struct wish w = { 0 };
	unsigned int code;

	if (req->allocation && turn_mobility_left(req->allocation, req->tuple)) {
		/* Whose client it was has moved away. */
		turn_mobility_forget(req->allocation);
		req->allocation = NULL;
	}
	if (req->allocation) {
		if (is_retransmission(req))
			reply_success(req);
		else
			turn_reply_error(req, STUN_ERR_ALLOCATION_MISMATCH);
		return;
	}
	code = req->msg->bad_attribute ? STUN_ERR_BAD_REQUEST :
					 check_transport(req, &w);
	if (!code)
		code = turn_mobility_wish(req, &w.ticket);
	/* Connections with peers stay with the client's own. */
	if (!code && w.ticket && w.tcp)
		code = STUN_ERR_MOBILITY_FORBIDDEN;
	if (!code)
		code = read_wish(req, &w);
	if (!code && transport_addr_is_tunneled(&req->tuple->client))
		code = STUN_ERR_FORBIDDEN;
	/* A reserved port is here, and nowhere else. */
	if (!code && !w.has_token && turn_redirect(req))
		return;
	if (!code && req->srv->draining)
		code = STUN_ERR_INSUFFICIENT_CAPACITY;
	if (!code)
		code = get_sockets(req, &w);
	if (!code)
		code = allocate(req, &w);
	wish_end(req->srv, &w);
	if (code) {
		turn_reply_error(req, code);
		return;
	}
	turn_session_begin(req->allocation, turn_lifetime(req), req->now);
	turn_offload_begin(req->allocation, req->now);
	reply_success(req);
}
