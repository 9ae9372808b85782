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

/** turn_users_free() - wipe and free; NULL is fine */
void turn_users_free(struct turn_users *users);

/** turn_secrets_free() - wipe and free; NULL is fine */
void turn_secrets_free(struct turn_secrets *secrets);

/** turn_users_any() - are there static users? */
bool turn_users_any(const struct turn_users *users);

/** turn_secrets_count() - how many secrets are there? */
size_t turn_secrets_count(const struct turn_secrets *secrets);

/**
 * turn_user_static_key() - the key of a static user
 * @cfg: where to look
 * @username: as received
 * @key: filled
 *
 * Return: 0, or -ENOENT.
 */
int turn_user_static_key(const struct turn_config *cfg,
			 struct stun_bytes username, struct stun_key *key);

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
 * turn_user_rest_key() - the key of a TURN REST user under one secret
 * @cfg: for secret and realm
 * @crypto: the worker's context
 * @index: which secret
 * @username: as received
 * @key: filled
 *
 * Return: 0 or -EIO.
 */
int turn_user_rest_key(const struct turn_config *cfg,
		       struct stun_crypto *crypto, size_t index,
		       struct stun_bytes username, struct stun_key *key);

/**
 * turn_user_quota_name() - whose quota is it?
 * @cfg: for the separator
 * @username: as received
 *
 * Return: the part after the expiry time, so that new credentials do not make
 * a new user of somebody; else the whole name.
 */
struct stun_bytes turn_user_quota_name(const struct turn_config *cfg,
				       struct stun_bytes username);

#endif /* KTURN_TURN_USERS_H */
