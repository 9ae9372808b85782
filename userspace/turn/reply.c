// SPDX-License-Identifier: BSD-3-Clause
/*
 * Responses. Whatever is sent before the sender has shown a key must not be
 * of use for amplification: at most three times the request. What does not fit
 * is left out, in this order: SOFTWARE, the reason phrase, and of a challenge
 * PASSWORD-ALGORITHMS, the nonce cookie, THIRD-PARTY-AUTHORIZATION. Over TCP, TLS and DTLS the
 * sender has shown where it is, so there is nothing to amplify.
 */
#include "stun/error_code.h"
#include "stun/fingerprint.h"
#include "turn/nonce.h"
#include "turn/password_algorithm.h"
#include "turn/request.h"
#include "turn/source_limit.h"
#include "turn/transfer.h"
#include "turn/users.h"

#define AMPLIFICATION_MAX 3
#define FINGERPRINT_LEN	(STUN_ATTR_HEADER_LEN + 4)

/* The smallest Allocate request that can succeed: REQUESTED-TRANSPORT only. */
#define ALLOCATE_MIN_LEN (STUN_HEADER_LEN + STUN_ATTR_HEADER_LEN + 4)

static size_t attr_len(size_t value_len)
{
	return STUN_ATTR_HEADER_LEN + value_len + stun_attr_padding(value_len);
}

static size_t budget(const struct turn_request *req)
{
	if (req->authenticated || req->tuple->transport != TURN_UDP)
		return TURN_REPLY_MAX;
	return AMPLIFICATION_MAX * (req->msg->len + req->headers) -
	       req->headers;
}

static bool wants_fingerprint(const struct turn_request *req)
{
	return req->srv->cfg->fingerprint ||
	       stun_has(req->msg, STUN_ATTR_FINGERPRINT);
}

/* Length that the message in @req->b will have, without SOFTWARE. */
static size_t final_len(const struct turn_request *req)
{
	size_t len = req->b.w.len;

	if (req->authenticated)
		len += attr_len(req->hmac == STUN_HMAC_SHA256 ?
				STUN_HMAC_SHA256_LEN : STUN_HMAC_SHA1_LEN);
	return wants_fingerprint(req) ? len + FINGERPRINT_LEN : len;
}

static bool reply_send(struct turn_request *req)
{
	ssize_t len;

	if (req->authenticated)
		stun_put_integrity(&req->b, req->srv->crypto, req->hmac,
				   &req->key);
	if (wants_fingerprint(req))
		stun_put_fingerprint(&req->b);
	len = stun_build_end(&req->b);
	if (len < 0) {
		turn_log(req->srv, TURN_LOG_ERROR, req->allocation,
			 "cannot build a %s response: error %zd",
			 stun_method_name(req->msg->method), len);
		return false;
	}
	if (req->reply_by)
		turn_transfer_reply(req, req->srv->reply, (size_t)len);
	else
		req->srv->ops->reply_client(req->srv->env, req->tuple,
					    req->srv->reply, (size_t)len);
	return true;
}

static void put_software(struct turn_request *req)
{
	const char *software = req->srv->cfg->software;

	if (*software &&
	    final_len(req) + attr_len(strlen(software)) <= budget(req))
		stun_put_string(&req->b, STUN_ATTR_SOFTWARE, software);
}

static bool reply_finish(struct turn_request *req)
{
	if (final_len(req) > budget(req)) {
		turn_drop(req->srv, TURN_DROP_AMPLIFICATION);
		return false;
	}
	put_software(req);
	return reply_send(req);
}

static void begin(struct turn_request *req, enum stun_class class)
{
	stun_build_response(&req->b, req->srv->reply, sizeof(req->srv->reply),
			    class, req->msg);
}

/*
 * Start an error response; false if this stranger has had enough of them. Over
 * connections they are no use for reflection, but for guessing passwords: who
 * is refused by one transport must not find another one open.
 */
static bool begin_error(struct turn_request *req)
{
	if (!req->authenticated &&
	    !turn_source_permits(req->srv->shared, &req->tuple->client,
				 req->srv->cfg->unauthorized_rate, req->now)) {
		turn_drop(req->srv, TURN_DROP_SOURCE_RATE);
		return false;
	}
	begin(req, STUN_ERROR);
	return true;
}

static void count_error(struct turn_request *req, unsigned int code)
{
	if (req->msg->method == STUN_BINDING)
		turn_count(&req->srv->stats.binding_errors);
	if (code >= TURN_ERROR_MIN && code <= TURN_ERROR_MAX)
		turn_count(&req->srv->stats.errors[code - TURN_ERROR_MIN]);
}

struct stun_builder *turn_reply_begin(struct turn_request *req)
{
	begin(req, STUN_SUCCESS);
	return &req->b;
}

void turn_reply_address_if_it_fits(struct turn_request *req, uint16_t type,
				   const struct transport_addr *addr)
{
	if (final_len(req) + attr_len(4 + transport_addr_ip_len(addr)) <=
	    budget(req))
		stun_put_address(&req->b, type, addr);
}

void turn_reply_end(struct turn_request *req)
{
	if (!reply_finish(req))
		return;
	turn_count(&req->srv->stats.successes);
	if (req->msg->method == STUN_BINDING)
		turn_count(&req->srv->stats.binding_successes);
}

/* ERROR-CODE, with its reason phrase if @more bytes can still follow it. */
static void put_error_code(struct turn_request *req, unsigned int code,
			   size_t more)
{
	size_t with_reason = attr_len(4 + strlen(stun_error_reason(code)));
	bool fits = final_len(req) + with_reason + more <= budget(req);

	stun_put_error_code(&req->b, code, fits ? NULL : "");
}

struct stun_builder *turn_reply_begin_error(struct turn_request *req,
					    unsigned int code)
{
	if (!begin_error(req))
		return NULL;
	put_error_code(req, code, 0);
	return &req->b;
}

void turn_reply_end_error(struct turn_request *req, unsigned int code)
{
	if (reply_finish(req))
		count_error(req, code);
}

void turn_reply_error(struct turn_request *req, unsigned int code)
{
	if (turn_reply_begin_error(req, code))
		turn_reply_end_error(req, code);
}

void turn_reply_unknown(struct turn_request *req)
{
	uint16_t types[STUN_UNKNOWN_MAX + TURN_DISCOVERY_ATTRS + 1];
	size_t n = req->msg->unknown_count;

	if (!begin_error(req))
		return;
	memcpy(types, req->msg->unknown, n * sizeof(*types));
	if (turn_unexpected_token(req))
		types[n++] = STUN_ATTR_ACCESS_TOKEN;
	n += turn_discovery_unknown(req, types + n);
	put_error_code(req, STUN_ERR_UNKNOWN_ATTRIBUTE,
		       attr_len(n * sizeof(*types)));
	stun_put_unknown_attributes(&req->b, types, n);
	turn_reply_end_error(req, STUN_ERR_UNKNOWN_ATTRIBUTE);
}

/*
 * A client cannot go on without the challenge, so an Allocate gets it even
 * where a very long realm takes it over the budget; see TURN_REALM_UNAMPLIFIED.
 */
static bool must_challenge(const struct turn_request *req)
{
	return req->msg->method == STUN_ALLOCATE &&
	       req->msg->len >= ALLOCATE_MIN_LEN;
}

static size_t offer_len(struct turn_nonce_offer offer)
{
	return attr_len(turn_nonce_len(offer)) +
	       turn_password_algorithms_len(offer.algorithms);
}

/*
 * As much of the offer as there is room for. What does not fit is not offered
 * at all, nor is it in the nonce; a client that knows RFC 8489 sends requests
 * of 36 bytes or more, for which realms of up to 32 leave room for everything.
 */
static struct turn_nonce_offer fitting_offer(const struct turn_request *req,
					     size_t before)
{
	struct turn_nonce_offer offer = turn_users_offer(req->srv->cfg,
							 req->realm);

	if (before + offer_len(offer) > budget(req))
		offer.algorithms = TURN_ALGORITHMS_NONE;
	if (before + offer_len(offer) > budget(req))
		offer = (struct turn_nonce_offer){ 0 };
	return offer;
}

/* The name to ask an authorization server by; NULL if there is no room for it. */
static const char *fitting_server_name(const struct turn_request *req,
				       size_t before)
{
	const char *name = req->srv->cfg->oauth_server_name;
	size_t len = attr_len(strlen(name)) + attr_len(TURN_NONCE_BODY_LEN);

	return *name && before + len <= budget(req) ? name : NULL;
}

void turn_reply_challenge(struct turn_request *req, unsigned int code)
{
	const char *realm = req->realm->name, *third_party;
	size_t rest = attr_len(strlen(realm));
	struct turn_nonce_offer offer;
	char nonce[TURN_NONCE_MAX + 1];
	bool sent;

	if (!begin_error(req))
		return;
	third_party = fitting_server_name(req, final_len(req) + attr_len(4) +
					       rest);
	if (third_party)
		rest += attr_len(strlen(third_party));
	offer = fitting_offer(req, final_len(req) + attr_len(4) + rest);
	turn_nonce_make(&req->srv->shared->nonce_key, &req->tuple->client,
			req->now, offer, nonce);
	put_error_code(req, code, rest + offer_len(offer));
	stun_put_string(&req->b, STUN_ATTR_REALM, realm);
	stun_put_string(&req->b, STUN_ATTR_NONCE, nonce);
	turn_put_password_algorithms(&req->b, offer.algorithms);
	if (third_party)
		stun_put_string(&req->b, STUN_ATTR_THIRD_PARTY_AUTHORIZATION,
				third_party);
	sent = final_len(req) > budget(req) && must_challenge(req) ?
	       reply_send(req) : reply_finish(req);
	if (sent)
		count_error(req, code);
}
