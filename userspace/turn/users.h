/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may use the server: static users, and users whose name and password a
 * web service made from a shared secret (TURN REST API,
 * draft-uberti-behave-turn-rest-00).
 */
#ifndef KTURN_TURN_USERS_H
#define KTURN_TURN_USERS_H

#include <stdint.h>

#include "stun/integrity.h"
#include "turn/config.h"
#include "turn/nonce.h"

struct turn_user;

/** turn_users_free() - wipe and free; NULL is fine */
void turn_users_free(struct turn_users *users);

/** turn_secrets_free() - wipe and free; NULL is fine */
void turn_secrets_free(struct turn_secrets *secrets);

/** turn_users_any() - are there static users? */
bool turn_users_any(const struct turn_users *users);

/** turn_secrets_count() - how many secrets are there? */
size_t turn_secrets_count(const struct turn_secrets *secrets);

/** turn_secret() - secret number @index, below turn_secrets_count() */
struct stun_bytes turn_secret(const struct turn_secrets *secrets, size_t index);

/**
 * turn_user_by_name() - find a static user
 * @realm: where to look
 * @username: user name
 *
 * Return: the user, or NULL.
 */
const struct turn_user *turn_user_by_name(const struct turn_realm *realm,
					  struct stun_bytes username);

/**
 * turn_user_by_hash() - find a static user by USERHASH
 * @realm: where to look
 * @userhash: as received
 *
 * Return: the user, or NULL.
 */
const struct turn_user *
turn_user_by_hash(const struct turn_realm *realm,
		  const uint8_t userhash[static STUN_USERHASH_LEN]);

/** turn_user_name() - the user's name, as long as the configuration lives */
struct stun_bytes turn_user_name(const struct turn_user *user);

/**
 * turn_user_key() - a static user's key
 * @user: the user
 * @algorithm: STUN_PASSWORD_MD5 or STUN_PASSWORD_SHA256
 *
 * Return: the key; NULL if the user was given by an MD5 key and another is
 * asked for.
 */
const struct stun_key *turn_user_key(const struct turn_user *user,
				     uint16_t algorithm);

/**
 * turn_users_offer() - what can be offered to who wants in?
 * @cfg: the configuration
 * @realm: the realm
 *
 * Clients take the best of what they are offered, before the server knows who
 * they are. So only that is offered which every user of the realm can use.
 */
struct turn_nonce_offer turn_users_offer(const struct turn_config *cfg,
					 const struct turn_realm *realm);

/**
 * turn_user_rest_expiry() - when does a TURN REST user name expire?
 * @cfg: for the separator
 * @username: as received: "expiry:name", or just "expiry"
 * @expiry: filled, seconds since 1970
 *
 * Return: 0, or -EINVAL if the name is of another form.
 */
int turn_user_rest_expiry(const struct turn_config *cfg,
			  struct stun_bytes username, uint64_t *expiry);

/**
 * struct turn_rest_user - a TURN REST user under one secret
 * @realm: realm
 * @secret: secret that the password is made with
 * @algorithm: STUN_PASSWORD_MD5 or STUN_PASSWORD_SHA256
 * @username: as received
 */
struct turn_rest_user {
	const char *realm;
	struct stun_bytes secret;
	uint16_t algorithm;
	struct stun_bytes username;
};

/**
 * turn_user_rest_key() - the key of a TURN REST user
 * @crypto: the worker's context
 * @user: the user
 * @key: filled
 *
 * Return: 0, -EOPNOTSUPP if OpenSSL has no MD5, -EIO.
 */
int turn_user_rest_key(struct stun_crypto *crypto,
		       const struct turn_rest_user *user, struct stun_key *key);

/**
 * turn_user_quota_name() - whose quota is it?
 * @cfg: for the separator
 * @realm: the user's realm
 * @username: user name
 *
 * Return: the part after the expiry time, so that new credentials do not make
 * a new user of somebody; else the whole name.
 */
struct stun_bytes turn_user_quota_name(const struct turn_config *cfg,
				       const struct turn_realm *realm,
				       struct stun_bytes username);

#endif /* KTURN_TURN_USERS_H */
