// SPDX-License-Identifier: BSD-3-Clause
/*
 * The long-term credential mechanism, in the order of RFC 8489 section 9.2.4.
 * Nothing here keeps anything about a sender that has not shown a key.
 */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "stun/error_code.h"
#include "turn/access_token.h"
#include "turn/nonce.h"
#include "turn/opaque_string.h"
#include "turn/password_algorithm.h"
#include "turn/realm.h"
#include "turn/request.h"
#include "turn/users.h"

/**
 * struct claim - who the sender says it is
 * @nonce: NONCE
 * @sent: USERNAME; empty if it is known by hash only
 * @username: the same after OpaqueString
 * @userhash: USERHASH; NULL if it is known by name
 */
struct claim {
	struct stun_bytes nonce;
	struct stun_bytes sent;
	struct stun_bytes username;
	const uint8_t *userhash;
};

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

static enum turn_lookup_result verdict(bool right)
{
	return right ? TURN_LOOKUP_FOUND : TURN_LOOKUP_UNKNOWN;
}

static size_t key_len(uint16_t algorithm)
{
	return algorithm == STUN_PASSWORD_SHA256 ? 32 : 16;
}

/* Is that the name of the user who made the allocation of this 5-tuple? */
static bool names_owner(const struct turn_request *req,
			const struct claim *claim)
{
	const struct turn_allocation *a = req->allocation;
	uint8_t hash[STUN_USERHASH_LEN];

	if (a->token_until)	/* the key says all, and its name may change */
		return true;
	if (!claim->userhash)
		return turn_made_by(a, claim->username) ||
		       turn_made_by(a, claim->sent);
	return stun_userhash(req->srv->crypto, turn_maker(a),
			     stun_bytes(a->realm), hash) == 0 &&
	       memcmp(hash, claim->userhash, sizeof(hash)) == 0;
}

/* With one realm nobody looks at its name, which a reload may have changed. */
static bool in_realm_of(const struct turn_request *req,
			const struct turn_allocation *a)
{
	struct stun_bytes realm;

	/* A token's session is in the realm of the token's key, whatever REALM. */
	return !req->srv->cfg->realms || a->token_until ||
	       (stun_get_bytes(req->msg, STUN_ATTR_REALM, &realm) == 0 &&
		turn_bytes_equal(realm, stun_bytes(a->realm)));
}

/*
 * A session goes on with the key it began with, though its TURN REST
 * credentials expire or its user is taken from the configuration.
 */
static bool owner(struct turn_request *req, const struct claim *claim)
{
	const struct turn_allocation *a = req->allocation;

	if (!a || (a->token_until && a->token_until <= req->now) ||
	    !in_realm_of(req, a) || !names_owner(req, claim) ||
	    !integrity_right(req, &a->key))
		return false;
	req->key = a->key;
	req->username = turn_maker(a);
	req->owner = true;
	/* Without a new token, it goes no further than the one it has. */
	if (a->token_until)
		req->token_left = 1 + (uint32_t)((a->token_until - req->now) /
						 1000);
	return true;
}

/* Secret number @index: those of the configuration first. */
static enum turn_lookup_result secret(struct turn_request *req, size_t index,
				      struct stun_bytes *text)
{
	const struct turn_server *srv = req->srv;
	size_t count = turn_secrets_count(req->realm->secrets);
	struct turn_secret_query query = {
		.realm = req->realm->name,
		.index = index - count,
		.tuple = req->tuple,
		.request = { req->msg->data, req->msg->len },
	};
	enum turn_lookup_result result;

	if (index < count) {
		*text = turn_secret(req->realm->secrets, index);
		return TURN_LOOKUP_FOUND;
	}
	if (!(srv->cfg->lookups & TURN_LOOKUP_SECRETS))
		return TURN_LOOKUP_UNKNOWN;
	result = srv->ops->secret_find(srv->env, &query);
	*text = query.secret;
	return result;
}

/*
 * Several secrets may be valid at a time; which one made a password shows when
 * the integrity is right. Who made it hashed the name as it is.
 */
static enum turn_lookup_result rest_user(struct turn_request *req,
					 const struct claim *claim)
{
	struct turn_rest_user user = {
		.realm = req->realm->name,
		.algorithm = req->algorithm,
		.username = claim->sent,
	};
	struct turn_server *srv = req->srv;
	enum turn_lookup_result result;
	uint64_t expiry;
	size_t i;

	if (turn_user_rest_expiry(srv->cfg, claim->sent, &expiry) ||
	    expiry <= srv->ops->wall_time(srv->env))
		return TURN_LOOKUP_UNKNOWN;
	for (i = 0; ; i++) {
		result = secret(req, i, &user.secret);
		if (result != TURN_LOOKUP_FOUND)
			return result;
		if (turn_user_rest_key(srv->crypto, &user, &req->key) == 0 &&
		    integrity_right(req, &req->key))
			break;
	}
	req->username = claim->sent;
	return TURN_LOOKUP_FOUND;
}

static enum turn_lookup_result static_user(struct turn_request *req,
					   const struct claim *claim)
{
	const struct stun_key nobodys_key = {
		.len = (uint8_t)key_len(req->algorithm),
	};
	const struct turn_user *user = claim->userhash ?
		turn_user_by_hash(req->realm, claim->userhash) :
		turn_user_by_name(req->realm, claim->username);
	const struct stun_key *key = user ?
		turn_user_key(user, req->algorithm) : NULL;

	/* Take as long for unknown users, so that nobody can look for names. */
	if (!integrity_right(req, key ? key : &nobodys_key) || !key)
		return TURN_LOOKUP_UNKNOWN;
	req->key = *key;
	req->username = turn_user_name(user);
	return TURN_LOOKUP_FOUND;
}

static enum turn_lookup_result looked_up_user(struct turn_request *req,
					      const struct claim *claim)
{
	struct turn_server *srv = req->srv;
	struct turn_user_query query = {
		.realm = req->realm->name,
		.username = claim->username,
		.userhash = claim->userhash,
		.algorithm = req->algorithm,
		.tuple = req->tuple,
		.request = { req->msg->data, req->msg->len },
	};
	enum turn_lookup_result result;

	if (!(srv->cfg->lookups & TURN_LOOKUP_USERS) ||
	    (!claim->userhash && !claim->username.len) ||
	    (claim->userhash && !(srv->cfg->lookups & TURN_LOOKUP_USERHASH)) ||
	    (req->algorithm == STUN_PASSWORD_SHA256 &&
	     !(srv->cfg->lookups & TURN_LOOKUP_SHA256)))
		return TURN_LOOKUP_UNKNOWN;
	result = srv->ops->user_find(srv->env, &query);
	if (result == TURN_LOOKUP_FOUND)
		result = verdict(integrity_right(req, &query.key));
	if (result == TURN_LOOKUP_FOUND) {
		req->key = query.key;
		req->username = claim->username;
		if (claim->userhash) {
			memcpy(srv->name, query.name, query.name_len);
			req->username = (struct stun_bytes){ srv->name,
							     query.name_len };
		}
	}
	OPENSSL_cleanse(&query.key, sizeof(query.key));
	return result;
}

/* Of a key of 160 bits coturn's clients use as much as MD5 would yield. */
#define COTURN_MAC_KEY_LEN 16

static bool token_integrity_right(struct turn_request *req)
{
	if (integrity_right(req, &req->key))
		return true;
	if (req->key.len != STUN_HMAC_SHA1_LEN)
		return false;
	req->key.len = COTURN_MAC_KEY_LEN;
	return integrity_right(req, &req->key);
}

/* RFC 7635, section 7; the user name is the id of the token's key. */
static enum turn_lookup_result token(struct turn_request *req,
				     const struct claim *claim,
				     struct stun_bytes text)
{
	struct turn_server *srv = req->srv;
	const struct turn_oauth_key *with = claim->userhash ?
		turn_oauth_key_find_hash(srv->cfg, srv->crypto,
					 req->realm->name, claim->userhash) :
		turn_oauth_key_find(srv->cfg, claim->sent);
	int err = turn_access_token_open(srv->cfg, with, text,
					 srv->ops->wall_time(srv->env),
					 &req->key, &req->token_left);
	uint64_t hash;

	if (err) {
		turn_log(srv, TURN_LOG_DEBUG, req->allocation,
			 "no good access token: %s", strerror(-err));
		return TURN_LOOKUP_UNKNOWN;
	}
	if (!token_integrity_right(req))
		return TURN_LOOKUP_UNKNOWN;
	hash = siphash(&srv->shared->hash_key, req->key.bytes, req->key.len);
	memcpy(req->token_name + 1, &hash, sizeof(hash));
	req->username = turn_oauth_key_id(with);
	req->realm = turn_oauth_key_realm(with) ?: req->realm;
	return TURN_LOOKUP_FOUND;
}

static enum turn_lookup_result credentials(struct turn_request *req,
					   const struct claim *claim)
{
	enum turn_lookup_result result = TURN_LOOKUP_UNKNOWN;
	struct stun_bytes text;

	if (stun_get_bytes(req->msg, STUN_ATTR_ACCESS_TOKEN, &text) == 0)
		return token(req, claim, text);
	if (owner(req, claim))
		return TURN_LOOKUP_FOUND;
	if (!claim->userhash)
		result = rest_user(req, claim);
	if (result == TURN_LOOKUP_UNKNOWN)
		result = static_user(req, claim);
	if (result == TURN_LOOKUP_UNKNOWN)
		result = looked_up_user(req, claim);
	return result;
}

static bool nonce_valid(const struct turn_request *req,
			struct stun_bytes nonce)
{
	return turn_nonce_valid(&req->srv->shared->nonce_key,
				&req->tuple->client, req->now,
				req->srv->cfg->nonce_lifetime, nonce);
}

/* What a request with integrity must have. Return: 0 or an error code. */
static unsigned int read_claim(struct turn_request *req, struct claim *claim)
{
	const struct stun_message *msg = req->msg;
	struct stun_bytes hash;

	if (stun_get_bytes(msg, STUN_ATTR_NONCE, &claim->nonce) ||
	    !stun_has(msg, STUN_ATTR_REALM))
		return STUN_ERR_BAD_REQUEST;
	if (stun_get_bytes(msg, STUN_ATTR_USERNAME, &claim->sent)) {
		if (stun_get_bytes(msg, STUN_ATTR_USERHASH, &hash))
			return STUN_ERR_BAD_REQUEST;
		claim->userhash = hash.data;
	}
	return turn_password_algorithm(req, claim->nonce);
}

/* A name that OpaqueString does not allow is nobody's: it stays empty. */
static void prepare_name(struct turn_server *srv, struct claim *claim)
{
	struct stun_bytes name;

	if (opaque_string(claim->sent, srv->name, &name) == 0 &&
	    name.len < TURN_USERNAME_MAX)
		claim->username = name;
}

/* Return: 0, an error code, or -1 to say nothing for now. */
static int check_claim(struct turn_request *req, const struct claim *claim)
{
	bool valid = nonce_valid(req, claim->nonce);

	/*
	 * The RFC has this behind the credentials. But whose nonce is not valid
	 * may be anywhere, and must not make a database work.
	 */
	if (!valid && req->srv->cfg->lookups)
		return STUN_ERR_STALE_NONCE;
	switch (credentials(req, claim)) {
	case TURN_LOOKUP_FOUND:
		return valid ? 0 : STUN_ERR_STALE_NONCE;
	case TURN_LOOKUP_UNKNOWN:
		turn_log(req->srv, TURN_LOG_DEBUG, req->allocation,
			 "401: no such user, or wrong password");
		return STUN_ERR_UNAUTHENTICATED;
	case TURN_LOOKUP_LATER:
		return -1;
	case TURN_LOOKUP_ERROR:
		break;
	}
	return STUN_ERR_SERVER_ERROR;
}

static void refuse(struct turn_request *req, int code)
{
	OPENSSL_cleanse(&req->key, sizeof(req->key));
	if (code == STUN_ERR_UNAUTHENTICATED || code == STUN_ERR_STALE_NONCE)
		turn_reply_challenge(req, (unsigned int)code);
	else if (code > 0)
		turn_reply_error(req, (unsigned int)code);
}

/* RFC 8656, section 5: right they are, but for this? */
static bool credentials_fit(const struct turn_request *req)
{
	const struct turn_config *cfg = req->srv->cfg;
	uint16_t method = req->msg->method;

	if (cfg->check_origin &&
	    !turn_realm_fits_origin(cfg, req->msg, req->realm))
		return false;
	return method == STUN_ALLOCATE || method == STUN_BINDING ||
	       !req->allocation || turn_is_owner(req);
}

bool turn_authenticate(struct turn_request *req)
{
	const struct stun_message *msg = req->msg;
	struct claim claim = { 0 };
	int code;

	if (turn_unexpected_token(req)) {
		turn_reply_unknown(req);
		return false;
	}
	if (!has_integrity(msg)) {
		refuse(req, STUN_ERR_UNAUTHENTICATED);
		return false;
	}
	code = (int)read_claim(req, &claim);
	if (!code) {
		prepare_name(req->srv, &claim);
		code = check_claim(req, &claim);
	}
	if (code) {
		refuse(req, code);
		return false;
	}
	req->authenticated = true;
	if (!credentials_fit(req)) {
		turn_reply_error(req, STUN_ERR_WRONG_CREDENTIALS);
		return false;
	}
	return true;
}
