// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "stun/error_code.h"
#include "turn/request.h"

int turn_alternates_add(struct turn_alternates *list,
			const struct transport_addr *server)
{
	struct transport_addr *v;

	if (!transport_addr_ip_len(server) || !server->port)
		return -EINVAL;
	v = reallocarray(list->v, list->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n++] = *server;
	return 0;
}

void turn_alternates_free(struct turn_alternates *list)
{
	free(list->v);
	*list = (struct turn_alternates){ 0 };
}

/* The first one of a family, from place @turn on, round the list. */
static const struct transport_addr *pick(const struct turn_alternates *list,
					 uint16_t family, unsigned int turn)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct transport_addr *a = &list->v[(turn + i) % list->n];

		if (a->family == family)
			return a;
	}
	return NULL;
}

static bool is_secure(const struct turn_request *req)
{
	return req->tuple->transport == TURN_TLS ||
	       req->tuple->transport == TURN_DTLS;
}

/*
 * "If the transaction is authenticated by a MESSAGE-INTEGRITY-SHA256
 * attribute": others would not know ALTERNATE-DOMAIN.
 */
static void put_domain(struct turn_request *req, struct stun_builder *b)
{
	const char *domain = req->srv->cfg->alternate_domain;

	if (*domain && is_secure(req) && req->authenticated &&
	    stun_has(req->msg, STUN_ATTR_MESSAGE_INTEGRITY_SHA256))
		stun_put_string(b, STUN_ATTR_ALTERNATE_DOMAIN, domain);
}

bool turn_redirect(struct turn_request *req)
{
	const struct turn_config *cfg = req->srv->cfg;
	const struct turn_alternates *list = is_secure(req) ?
		&cfg->secure_alternates : &cfg->alternates;
	uint16_t family = req->tuple->client.family;
	const struct transport_addr *own, *other;
	struct stun_builder *b;
	unsigned int turn;

	/* "MUST only be sent if" there is integrity (RFC 8489, section 14.8). */
	if (!list->n || !req->authenticated)
		return false;
	turn = req->srv->redirects++;
	own = pick(list, family, turn);
	if (!own || transport_addr_equal(own, &req->tuple->server))
		return false;
	other = pick(list, family == AF_INET ? AF_INET6 : AF_INET, turn);
	b = turn_reply_begin_error(req, STUN_ERR_TRY_ALTERNATE);
	if (!b)
		return true;
	stun_put_address(b, STUN_ATTR_ALTERNATE_SERVER, own);
	if (other)
		stun_put_address(b, STUN_ATTR_ALTERNATE_SERVER, other);
	put_domain(req, b);
	turn_reply_end_error(req, STUN_ERR_TRY_ALTERNATE);
	return true;
}
