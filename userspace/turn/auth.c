// SPDX-License-Identifier: BSD-3-Clause
/*
 * The long-term credential mechanism, in the order of RFC 8489 section 9.2.4.
 * Nothing here keeps anything about a sender that has not shown a key.
 */
#include <openssl/crypto.h>

#include "stun/error_code.h"
#include "turn/nonce.h"
#include "turn/request.h"
#include "turn/users.h"

static bool has_integrity(const struct stun_message *msg)
{
	return stun_has(msg, STUN_ATTR_MESSAGE_INTEGRITY) ||
	       stun_has(msg, STUN_ATTR_MESSAGE_INTEGRITY_SHA256);
}

/* "If MESSAGE-INTEGRITY-SHA256 is present", that is the one that counts. */
static bool integrity_right(struct turn_request *req,
			    const struct stun_key *key)
{
	enum stun_hmac hmac = STUN_HMAC_SHA1;

	if (stun_has(req->msg, STUN_ATTR_MESSAGE_INTEGRITY_SHA256)) {
		if (stun_integrity_truncated(req->msg))
			return false;
		hmac = STUN_HMAC_SHA256;
	}
	return stun_check_integrity(req->srv->crypto, req->msg, hmac, key) == 0;
}

/* Is the sender who made the allocation of this 5-tuple, by name? */
static bool owns_allocation(const struct turn_request *req)
{
	return req->allocation && turn_made_by(req->allocation, req->username);
}

/*
 * Several secrets may be valid at a time; which one made a password shows when
 * the integrity is right.
 */
static bool rest_credentials(struct turn_request *req)
{
	const struct turn_server *srv = req->srv;
	uint64_t expiry;
	size_t i;

	if (!turn_secrets_count(srv->cfg->secrets) ||
	    turn_user_rest_expiry(srv->cfg, req->username, &expiry) ||
	    expiry <= srv->ops->wall_time(srv->env))
		return false;
	for (i = 0; i < turn_secrets_count(srv->cfg->secrets); i++) {
		if (turn_user_rest_key(srv->cfg, srv->crypto, i, req->username,
				       &req->key) == 0 &&
		    integrity_right(req, &req->key))
			return true;
	}
	return false;
}

static bool static_credentials(struct turn_request *req)
{
	static const struct stun_key nobodys_key = { .len = 16 };
	int err = turn_user_static_key(req->srv->cfg, req->username, &req->key);

	/* Take as long for unknown users, so that nobody can look for names. */
	return integrity_right(req, err ? &nobodys_key : &req->key) && !err;
}

/*
 * A session goes on with the key it began with, though its TURN REST
 * credentials expire or its user is taken from the configuration.
 */
static bool credentials_right(struct turn_request *req)
{
	if (owns_allocation(req)) {
		req->key = req->allocation->key;
		if (integrity_right(req, &req->key))
			return true;
	}
	return rest_credentials(req) || static_credentials(req);
}

static bool nonce_valid(const struct turn_request *req,
			struct stun_bytes nonce)
{
	return turn_nonce_valid(&req->srv->shared->nonce_key,
				&req->tuple->client, req->now,
				req->srv->cfg->nonce_lifetime, nonce);
}

static bool refuse(struct turn_request *req, unsigned int code)
{
	OPENSSL_cleanse(&req->key, sizeof(req->key));
	if (code == STUN_ERR_UNAUTHENTICATED || code == STUN_ERR_STALE_NONCE)
		turn_reply_challenge(req, code);
	else
		turn_reply_error(req, code);
	return false;
}

bool turn_authenticate(struct turn_request *req)
{
	const struct stun_message *msg = req->msg;
	struct stun_bytes nonce;

	if (!has_integrity(msg))
		return refuse(req, STUN_ERR_UNAUTHENTICATED);
	if (stun_get_bytes(msg, STUN_ATTR_NONCE, &nonce) ||
	    !stun_has(msg, STUN_ATTR_REALM))
		return refuse(req, STUN_ERR_BAD_REQUEST);
	if (stun_get_bytes(msg, STUN_ATTR_USERNAME, &req->username)) {
		/* Anonymous user names are not offered, so there is none. */
		return refuse(req, stun_has(msg, STUN_ATTR_USERHASH) ?
				   STUN_ERR_UNAUTHENTICATED :
				   STUN_ERR_BAD_REQUEST);
	}
	if (!credentials_right(req)) {
		turn_log(req->srv, TURN_LOG_DEBUG, req->allocation,
			 "401: no such user, or wrong password");
		return refuse(req, STUN_ERR_UNAUTHENTICATED);
	}
	if (!nonce_valid(req, nonce))
		return refuse(req, STUN_ERR_STALE_NONCE);

	/* The nonce did not offer SHA-256, so this "was processed as MD5". */
	req->hmac = STUN_HMAC_SHA1;
	req->authenticated = true;
	/* RFC 8656, section 5 */
	if (msg->method != STUN_ALLOCATE && msg->method != STUN_BINDING &&
	    req->allocation && !owns_allocation(req)) {
		turn_reply_error(req, STUN_ERR_WRONG_CREDENTIALS);
		return false;
	}
	return true;
}
