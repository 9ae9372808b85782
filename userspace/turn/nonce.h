/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nonces without state (RFC 8489, section 9.2): the time a nonce was made,
 * signed together with the client's transport address. So no two clients get
 * the same one, no memory is spent on strangers, and all workers accept what
 * one of them made.
 *
 * They are short, for the challenge that carries them must not be much longer
 * than the request: 64 bits of signature do, since each guess at one costs a
 * datagram, and a hit spares an attacker nothing but a 438.
 */
#ifndef KTURN_TURN_NONCE_H
#define KTURN_TURN_NONCE_H

#include <stdbool.h>
#include <stdint.h>

#include "stun/addr.h"
#include "stun/reader.h"
#include "turn/siphash.h"

/* Four bytes of time, eight of signature. */
#define TURN_NONCE_LEN 16

/**
 * turn_nonce_make() - a nonce for this client, from now on
 * @key: the servers' secret
 * @client: client's transport address
 * @now: in milliseconds
 * @nonce: filled; a string
 */
void turn_nonce_make(const struct siphash_key *key,
		     const struct transport_addr *client, uint64_t now,
		     char nonce[static TURN_NONCE_LEN + 1]);

/**
 * turn_nonce_valid() - did we make this nonce for this client, not long ago?
 * @key: the servers' secret
 * @client: client's transport address
 * @now: in milliseconds
 * @lifetime: in seconds; 0 for ever
 * @nonce: as received
 */
bool turn_nonce_valid(const struct siphash_key *key,
		      const struct transport_addr *client, uint64_t now,
		      uint32_t lifetime, struct stun_bytes nonce);

#endif /* KTURN_TURN_NONCE_H */
