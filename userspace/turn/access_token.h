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

/**
 * turn_access_token_open() - read a token
 * @cfg: for server name and keys
 * @kid: USERNAME, which says under which key it is
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
			   struct stun_bytes kid, struct stun_bytes token,
			   uint64_t now, struct stun_key *key, uint32_t *left);

#endif /* KTURN_TURN_ACCESS_TOKEN_H */
