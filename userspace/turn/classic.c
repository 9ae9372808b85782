// SPDX-License-Identifier: BSD-3-Clause
#include "turn/classic.h"

#include <string.h>

#include "stun/builder.h"
#include "stun/error_code.h"
#include "stun/reader.h"
#include "turn/source_limit.h"

/*
 * Where we have the magic cookie, they have the first bytes of a transaction id
 * of 16.
 */
#define COOKIE_OFFSET	4
#define COOKIE_LEN	4

static bool is_request(const uint8_t *buf, size_t len, uint16_t *method)
{
	struct stun_reader r = stun_reader(buf, len);
	uint16_t type = stun_read_u16(&r), body = stun_read_u16(&r);

	*method = stun_type_method(type);
	return len >= STUN_HEADER_LEN && type < 0x4000 &&
	       stun_type_class(type) == STUN_REQUEST && body % 4 == 0 &&
	       body == len - STUN_HEADER_LEN;
}

static void refuse(struct turn_server *srv, const struct turn_5tuple *tuple,
		   const uint8_t *request, uint16_t method)
{
	struct stun_builder b;
	struct stun_txid txid;
	ssize_t len;

	memcpy(txid.bytes, request + COOKIE_OFFSET + COOKIE_LEN,
	       sizeof(txid.bytes));
	stun_build(&b, srv->reply, sizeof(srv->reply), STUN_ERROR, method,
		   &txid);
	stun_put_error_code(&b, STUN_ERR_SERVER_ERROR, NULL);
	len = stun_build_end(&b);
	if (len < 0)
		return;
	memcpy(srv->reply + COOKIE_OFFSET, request + COOKIE_OFFSET, COOKIE_LEN);
	srv->ops->reply_client(srv->env, tuple, srv->reply, (size_t)len);
	turn_count(&srv->stats.errors[STUN_ERR_SERVER_ERROR - TURN_ERROR_MIN]);
}

bool turn_serve_classic(struct turn_server *srv,
			const struct turn_5tuple *tuple, const uint8_t *buf,
			size_t len, uint64_t now)
{
	uint16_t method;

	if (tuple->transport != TURN_DTLS || !is_request(buf, len, &method))
		return false;
	turn_count(&srv->stats.requests);
	if (turn_source_permits(srv->shared, &tuple->client,
				srv->cfg->unauthorized_rate, now))
		refuse(srv, tuple, buf, method);
	else
		turn_drop(srv, TURN_DROP_SOURCE_RATE);
	return true;
}
