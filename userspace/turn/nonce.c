// SPDX-License-Identifier: BSD-3-Clause
#include <endian.h>
#include <string.h>

#include <openssl/crypto.h>

#include "turn/base64.h"
#include "turn/nonce.h"

#define COOKIE_TEXT "obMatJos2"

/* STUN Security Features: bit 0 is the leftmost of 24 (RFC 8489 18.1). */
#define FEATURE_PASSWORD_ALGORITHMS	(1u << 23)
#define FEATURE_USERNAME_ANONYMITY	(1u << 22)

/* The stamp: seconds, below two bits of enum turn_algorithms. */
#define TIME_BITS	30
#define TIME_MASK	((1u << TIME_BITS) - 1)

#define SIGNATURE_LEN	7
#define BODY_BYTES	(sizeof(uint32_t) + SIGNATURE_LEN)

_Static_assert(TURN_NONCE_BODY_LEN == (BODY_BYTES * 8 + 5) / 6,
	       "base64 without its padding");
_Static_assert(TURN_NONCE_COOKIE_LEN == sizeof(COOKIE_TEXT) - 1 + 4,
	       "the features are three bytes");

static uint32_t offer_features(struct turn_nonce_offer offer)
{
	return (offer.algorithms ? FEATURE_PASSWORD_ALGORITHMS : 0) |
	       (offer.userhash ? FEATURE_USERNAME_ANONYMITY : 0);
}

static void write_cookie(char *text, struct turn_nonce_offer offer)
{
	uint32_t features = htobe32(offer_features(offer) << 8);

	memcpy(text, COOKIE_TEXT, sizeof(COOKIE_TEXT) - 1);
	base64_encode(text + sizeof(COOKIE_TEXT) - 1, &features, 3);
}

static void write_body(const struct siphash_key *key,
		       const struct transport_addr *client, uint32_t stamp,
		       struct turn_nonce_offer offer,
		       char text[static TURN_NONCE_BODY_LEN + 1])
{
	struct {
		uint32_t stamp;
		uint32_t offer;
		struct transport_addr client;
	} signed_part = {
		stamp, offer_features(offer) | offer.cookie, *client,
	};
	uint64_t mac = htole64(siphash(key, &signed_part, sizeof(signed_part)));
	char padded[BASE64_LEN(BODY_BYTES) + 1];
	uint8_t body[BODY_BYTES];

	_Static_assert(sizeof(signed_part) == 28, "hashed as memory");
	stamp = htobe32(stamp);
	memcpy(body, &stamp, sizeof(stamp));
	memcpy(body + sizeof(stamp), &mac, SIGNATURE_LEN);
	base64_encode(padded, body, sizeof(body));
	memcpy(text, padded, TURN_NONCE_BODY_LEN);
	text[TURN_NONCE_BODY_LEN] = '\0';
}

static void write_nonce(const struct siphash_key *key,
			const struct transport_addr *client, uint32_t stamp,
			struct turn_nonce_offer offer,
			char nonce[static TURN_NONCE_MAX + 1])
{
	if (offer.cookie) {
		write_cookie(nonce, offer);
		nonce += TURN_NONCE_COOKIE_LEN;
	}
	write_body(key, client, stamp, offer, nonce);
}

void turn_nonce_make(const struct siphash_key *key,
		     const struct transport_addr *client, uint64_t now,
		     struct turn_nonce_offer offer,
		     char nonce[static TURN_NONCE_MAX + 1])
{
	uint32_t stamp = (uint32_t)(now / 1000) & TIME_MASK;

	stamp |= (uint32_t)offer.algorithms << TIME_BITS;
	write_nonce(key, client, stamp, offer, nonce);
}

/* Reads what a nonce says of itself. Return: is it of our form? */
static bool read_nonce(struct stun_bytes nonce, uint32_t *stamp,
		       struct turn_nonce_offer *offer)
{
	const uint8_t *text = nonce.data;
	uint8_t features[3] = { 0 }, head[6];

	*offer = (struct turn_nonce_offer){ 0 };
	offer->cookie = nonce.len == TURN_NONCE_MAX;
	if (nonce.len != turn_nonce_len(*offer))
		return false;
	if (offer->cookie) {
		const size_t at = sizeof(COOKIE_TEXT) - 1;

		if (memcmp(text, COOKIE_TEXT, at) != 0 ||
		    base64_decode_unpadded(features, text + at, 4))
			return false;
		text += TURN_NONCE_COOKIE_LEN;
	}
	/* Eight characters are six bytes: the stamp and part of the rest. */
	if (base64_decode_unpadded(head, text, 8))
		return false;
	memcpy(stamp, head, sizeof(*stamp));
	*stamp = be32toh(*stamp);
	offer->userhash = features[0] & FEATURE_USERNAME_ANONYMITY >> 16;
	if (features[0] & FEATURE_PASSWORD_ALGORITHMS >> 16)
		offer->algorithms = *stamp >> TIME_BITS;
	return true;
}

struct turn_nonce_offer turn_nonce_offer(struct stun_bytes nonce)
{
	struct turn_nonce_offer offer;
	uint32_t stamp;

	if (!read_nonce(nonce, &stamp, &offer) ||
	    offer.algorithms > TURN_ALGORITHMS_SHA256_MD5)
		return (struct turn_nonce_offer){ 0 };
	return offer;
}

/* Write the nonce once more from what it says: the same, or it is not ours. */
bool turn_nonce_valid(const struct siphash_key *key,
		      const struct transport_addr *client, uint64_t now,
		      uint32_t lifetime, struct stun_bytes nonce)
{
	char good[TURN_NONCE_MAX + 1];
	struct turn_nonce_offer offer;
	uint32_t stamp, age;

	if (!read_nonce(nonce, &stamp, &offer))
		return false;
	write_nonce(key, client, stamp, offer, good);
	if (CRYPTO_memcmp(good, nonce.data, nonce.len))
		return false;
	/* Made in the future: by a clock before this one, so long ago. */
	age = ((uint32_t)(now / 1000) - stamp) & TIME_MASK;
	if (age > TIME_MASK / 2)
		return false;
	return lifetime == 0 || age < lifetime;
}
