// SPDX-License-Identifier: BSD-3-Clause
#include <endian.h>
#include <string.h>

#include <openssl/crypto.h>

#include "turn/base64.h"
#include "turn/nonce.h"

struct nonce_bytes {
	uint32_t time;
	uint32_t signature[2];
};

_Static_assert(BASE64_LEN(sizeof(struct nonce_bytes)) == TURN_NONCE_LEN &&
	       sizeof(struct nonce_bytes) % 3 == 0, "no base64 padding");

static void nonce_sign(const struct siphash_key *key,
		       const struct transport_addr *client,
		       struct nonce_bytes *n)
{
	struct {
		uint32_t time;
		struct transport_addr client;
	} signed_part = { n->time, *client };
	uint64_t mac = htole64(siphash(key, &signed_part, sizeof(signed_part)));

	_Static_assert(sizeof(signed_part) == 24, "hashed as memory");
	memcpy(n->signature, &mac, sizeof(mac));
}

void turn_nonce_make(const struct siphash_key *key,
		     const struct transport_addr *client, uint64_t now,
		     char nonce[static TURN_NONCE_LEN + 1])
{
	struct nonce_bytes n = { .time = htobe32((uint32_t)(now / 1000)) };

	nonce_sign(key, client, &n);
	base64_encode(nonce, &n, sizeof(n));
}

bool turn_nonce_valid(const struct siphash_key *key,
		      const struct transport_addr *client, uint64_t now,
		      uint32_t lifetime, struct stun_bytes nonce)
{
	struct nonce_bytes got, good;
	uint32_t age;

	if (nonce.len != TURN_NONCE_LEN ||
	    base64_decode_unpadded(&got, nonce.data, nonce.len))
		return false;
	good.time = got.time;
	nonce_sign(key, client, &good);
	if (CRYPTO_memcmp(&got, &good, sizeof(got)))
		return false;
	/* Made in the future: by a clock before this one, so long ago. */
	age = (uint32_t)(now / 1000) - be32toh(got.time);
	if (age > INT32_MAX)
		return false;
	return lifetime == 0 || age < lifetime;
}
