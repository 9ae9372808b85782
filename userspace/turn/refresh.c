// SPDX-License-Identifier: BSD-3-Clause
/* Refresh requests (RFC 8656, section 8.2; RFC 8016, section 3.2.2). */
#include "stun/error_code.h"
#include "turn/allocation.h"
#include "turn/mobility.h"
#include "turn/offload.h"
#include "turn/session.h"

/*
 * Which legs does the request mean? REQUESTED-ADDRESS-FAMILY picks one of a
 * dual allocation; without it, all are meant.
 */
static unsigned int which_legs(const struct turn_request *req,
			       bool legs[TURN_LEGS])
{
	const struct turn_allocation *a = req->allocation;
	uint8_t family;
	int i;

	for (i = 0; i < TURN_LEGS; i++)
		legs[i] = turn_leg_alive(&a->legs[i], req->now);
	if (stun_get_address_family(req->msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
				    &family))
		return 0;
	legs[TURN_LEG_IPV4] &= family == STUN_FAMILY_IPV4;
	legs[TURN_LEG_IPV6] &= family == STUN_FAMILY_IPV6;
	return legs[TURN_LEG_IPV4] || legs[TURN_LEG_IPV6] ? 0 :
	       STUN_ERR_PEER_ADDRESS_FAMILY_MISMATCH;
}

static void reply_lifetime(struct turn_request *req, uint32_t lifetime)
{
	stun_put_lifetime(turn_reply_begin(req), lifetime);
	if (req->has_ticket && req->allocation)
		turn_mobility_put_ticket(req);
	turn_reply_end(req);
}

static void delete_legs(struct turn_request *req, const bool legs[TURN_LEGS])
{
	struct turn_allocation *a = req->allocation;

	if (legs[TURN_LEG_IPV4] &&
	    !turn_allocation_close_leg(a, TURN_LEG_IPV4, req->now, "deleted"))
		req->allocation = NULL;
	if (req->allocation && legs[TURN_LEG_IPV6] &&
	    !turn_allocation_close_leg(a, TURN_LEG_IPV6, req->now, "deleted"))
		req->allocation = NULL;
	reply_lifetime(req, 0);
}

void turn_serve_refresh(struct turn_request *req)
{
	struct turn_allocation *a = req->allocation;
	uint32_t lifetime, wanted;
	bool legs[TURN_LEGS];
	unsigned int code;
	int i;

	code = which_legs(req, legs);
	/* Where no client may come from, none may move to either. */
	if (!code && req->moves &&
	    transport_addr_is_tunneled(&req->tuple->client))
		code = STUN_ERR_FORBIDDEN;
	if (code) {
		turn_reply_error(req, code);
		return;
	}
	if (stun_get_lifetime(req->msg, &wanted) == 0 && wanted == 0) {
		delete_legs(req, legs);
		return;
	}
	if (req->moves && !turn_mobility_move(req))
		return;
	lifetime = turn_lifetime(req);
	turn_allocation_take_token(a, req);
	for (i = 0; i < TURN_LEGS; i++)
		if (legs[i])
			turn_allocation_refresh(a, i, req->now +
						1000 * (uint64_t)lifetime);
	if (req->moves)
		turn_offload_move(a, req->now);
	else
		turn_offload_refresh(a, req->now);
	turn_session_refresh(a, lifetime);
	reply_lifetime(req, lifetime);
}
