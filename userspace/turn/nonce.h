/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nonces without state (RFC 8489, section 9.2): the time a nonce was made and
 * what the challenge with it offered, signed together with the client's
 * transport address. So no two clients get the same one, no memory is spent on
 * strangers, all workers accept what one of them made, and nobody on the way
 * can take an offer out of a challenge unseen (section 9.2.1).
 *
 * They are short, for the challenge that carries them must not be much longer
 * than the request: 56 bits of signature do, since each guess at one costs a
 * datagram, and a hit spares an attacker nothing but a 438.
 */
#ifndef KTURN_TURN_NONCE_H
#define KTURN_TURN_NONCE_H

#include <stdbool.h>
#include <stdint.h>

#include "stun/addr.h"
#include "stun/reader.h"
#include "turn/siphash.h"

/* "obMatJos2" and four characters of STUN Security Features. */
#define TURN_NONCE_COOKIE_LEN 13

/* Four bytes of time and offer, seven of signature. */
#define TURN_NONCE_BODY_LEN 15

#define TURN_NONCE_MAX (TURN_NONCE_COOKIE_LEN + TURN_NONCE_BODY_LEN)

/** enum turn_algorithms - what PASSWORD-ALGORITHMS lists, and in which order */
enum turn_algorithms {
	TURN_ALGORITHMS_NONE,		/* no such attribute */
	TURN_ALGORITHMS_MD5,
	TURN_ALGORITHMS_SHA256_MD5,
};

/**
 * struct turn_nonce_offer - what a challenge offers beyond RFC 5389
 * @cookie: the nonce has the nonce cookie; without it the rest is empty
 * @userhash: the "Username anonymity" bit: USERHASH instead of USERNAME
 * @algorithms: the "Password algorithms" bit, and the list that it stands for
 */
struct turn_nonce_offer {
	bool cookie;
	bool userhash;
	enum turn_algorithms algorithms;
};

/**
 * turn_nonce_make() - a nonce for this client, from now on
 * @key: the servers' secret
 * @client: client's transport address
 * @now: in milliseconds
 * @offer: what the challenge offers
 * @nonce: filled; a string
 */
void turn_nonce_make(const struct siphash_key *key,
		     const struct transport_addr *client, uint64_t now,
		     struct turn_nonce_offer offer,
		     char nonce[static TURN_NONCE_MAX + 1]);

/**
 * turn_nonce_len() - how long is the nonce with this offer?
 * @offer: what the challenge offers
 */
static inline size_t turn_nonce_len(struct turn_nonce_offer offer)
{
	return offer.cookie ? TURN_NONCE_MAX : TURN_NONCE_BODY_LEN;
}

/**
 * turn_nonce_offer() - what does a nonce say that was offered with it?
 * @nonce: as received; true only if turn_nonce_valid()
 *
 * Return: the offer; nothing if it is not of our making.
 */
struct turn_nonce_offer turn_nonce_offer(struct stun_bytes nonce);

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
