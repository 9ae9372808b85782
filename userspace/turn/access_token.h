/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Third-party authorization (RFC 7635): an authorization server gives clients
 * a session key, and in a token that only we can read the same key for us.
 */
#ifndef KTURN_TURN_ACCESS_TOKEN_H
#define KTURN_TURN_ACCESS_TOKEN_H

#include "stun/integrity.h"
#include "turn/config.h"

/** turn_oauth_keys_free() - wipe and free those of a configuration */
void turn_oauth_keys_free(struct turn_config *cfg);

/** turn_oauth_key_find() - a key by its id, that is USERNAME; NULL: none */
const struct turn_oauth_key *turn_oauth_key_find(const struct turn_config *cfg,
						 struct stun_bytes kid);

/**
 * turn_oauth_key_find_hash() - a key by the hash of its id
 * @cfg: the configuration; an operator's, so it has a few keys
 * @crypto: for hashing
 * @realm: realm of the request
 * @hash: USERHASH
 *
 * Return: the key, or NULL if there is none.
 */
const struct turn_oauth_key *
turn_oauth_key_find_hash(const struct turn_config *cfg,
			 struct stun_crypto *crypto, const char *realm,
			 const uint8_t hash[static STUN_USERHASH_LEN]);

/** turn_oauth_key_id() - its id; lives as long as the configuration */
struct stun_bytes turn_oauth_key_id(const struct turn_oauth_key *key);

/** turn_oauth_key_realm() - where its sessions count; NULL: in any realm */
const struct turn_realm *turn_oauth_key_realm(const struct turn_oauth_key *key);

/**
 * turn_access_token_open() - read a token
 * @cfg: for the server's name
 * @with: the key that it was made with, or NULL
 * @token: ACCESS-TOKEN
 * @now: seconds since 1970
 * @key: filled: the session key (mac_key)
 * @left: filled: how long the token is good for, in seconds, at least 1
 *
 * Return: 0, -ENOKEY if there is no such key (any more, or yet), -EBADMSG if
 * the token is not one made with it for this server, -EKEYEXPIRED if its time
 * is not now.
 */
int turn_access_token_open(const struct turn_config *cfg,
			   const struct turn_oauth_key *with,
			   struct stun_bytes token, uint64_t now,
			   struct stun_key *key, uint32_t *left);

#endif /* KTURN_TURN_ACCESS_TOKEN_H */
