// SPDX-License-Identifier: BSD-3-Clause
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "turn/ticket.h"

/* Separates this use of the secret from any other, and its versions. */
static const uint8_t label[] = "kturn mobility ticket 1";

/* What is in a ticket: id and number, in network byte order. */
struct sealed {
	uint8_t tag[TURN_TICKET_TAG_LEN];
	uint64_t body;
};

_Static_assert(BASE64_LEN(sizeof(struct sealed)) == TURN_TICKET_LEN &&
	       sizeof(struct sealed) % 3 == 0, "no base64 padding");

int turn_ticket_key_init(struct turn_ticket_key *key, const void *secret,
			 size_t len)
{
	key->cipher = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
	if (!key->cipher)
		return -EIO;
	if (HMAC(EVP_sha512(), secret, (int)len, label, sizeof(label),
		 key->bytes, NULL))
		return 0;
	turn_ticket_key_free(key);
	return -EIO;
}

void turn_ticket_key_free(struct turn_ticket_key *key)
{
	EVP_CIPHER_free(key->cipher);
	OPENSSL_cleanse(key, sizeof(*key));
}

int turn_ticket_seal(const struct turn_ticket_key *key,
		     const struct turn_ticket *ticket,
		     char sealed[static TURN_TICKET_LEN + 1])
{
	uint64_t plain = htobe64(ticket->id << 24 |
				 (ticket->number & TURN_TICKET_NUMBER_MAX));
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct sealed s;
	int len, ok;

	ok = ctx &&
	     EVP_EncryptInit_ex2(ctx, key->cipher, key->bytes, NULL, NULL) == 1 &&
	     EVP_EncryptUpdate(ctx, (uint8_t *)&s.body, &len,
			       (const uint8_t *)&plain, sizeof(plain)) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof(s.tag),
				 s.tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return -EIO;
	base64_encode(sealed, &s, sizeof(s));
	return 0;
}

bool turn_ticket_open(const struct turn_ticket_key *key, const void *sealed,
		      size_t len, struct turn_ticket *ticket)
{
	EVP_CIPHER_CTX *ctx;
	uint64_t plain = 0;
	struct sealed s;
	int n, ok;

	if (len != TURN_TICKET_LEN || base64_decode_unpadded(&s, sealed, len))
		return false;
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx &&
	     EVP_DecryptInit_ex2(ctx, key->cipher, key->bytes, NULL, NULL) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(s.tag),
				 s.tag) == 1 &&
	     EVP_DecryptUpdate(ctx, (uint8_t *)&plain, &n,
			       (const uint8_t *)&s.body, sizeof(s.body)) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return false;
	plain = be64toh(plain);
	ticket->id = plain >> 24;
	ticket->number = plain & TURN_TICKET_NUMBER_MAX;
	return true;
}
