// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "stun/integrity.h"

#define HMAC_BLOCK_LEN	64	/* of SHA-1 and of SHA-256 */

_Static_assert(STUN_KEY_MAX <= HMAC_BLOCK_LEN,
	       "longer keys would have to be hashed first (RFC 2104)");

/*
 * A digest context stays bound to its algorithm, so that starting over with it
 * looks nothing up. (OpenSSL 3.0 then swaps the 100 bytes of the digest's
 * state for fresh ones, inside the context; none stays behind.)
 */
struct stun_crypto {
	EVP_MD_CTX *sha1;
	EVP_MD_CTX *sha256;
	EVP_MD_CTX *md5;	/* NULL if OpenSSL has none */
};

static EVP_MD_CTX *digest_new(const char *name)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!md || !ctx || !EVP_DigestInit_ex2(ctx, md, NULL)) {
		EVP_MD_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_MD_free(md);	/* the context holds it */
	return ctx;
}

struct stun_crypto *stun_crypto_new(void)
{
	struct stun_crypto *crypto = calloc(1, sizeof(*crypto));

	if (!crypto)
		return NULL;
	crypto->md5 = digest_new("MD5");
	crypto->sha1 = digest_new("SHA1");
	crypto->sha256 = digest_new("SHA256");
	if (crypto->sha1 && crypto->sha256)
		return crypto;
	stun_crypto_free(crypto);
	return NULL;
}

void stun_crypto_free(struct stun_crypto *crypto)
{
	if (!crypto)
		return;
	EVP_MD_CTX_free(crypto->md5);
	EVP_MD_CTX_free(crypto->sha1);
	EVP_MD_CTX_free(crypto->sha256);
	free(crypto);
}

/* Hash of the parts one after the other. Return: its length; 0 on failure. */
static unsigned int digest(EVP_MD_CTX *ctx, const struct stun_bytes *parts,
			   size_t count, uint8_t out[static EVP_MAX_MD_SIZE])
{
	unsigned int len = 0;

	if (!EVP_DigestInit_ex2(ctx, NULL, NULL))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (!EVP_DigestUpdate(ctx, parts[i].data, parts[i].len))
			return 0;
	return EVP_DigestFinal_ex(ctx, out, &len) ? len : 0;
}

/* A hash into a field of its own size. */
static int digest_exact(EVP_MD_CTX *ctx, const struct stun_bytes *parts,
			size_t count, uint8_t *out, size_t len)
{
	uint8_t hash[EVP_MAX_MD_SIZE];

	if (digest(ctx, parts, count, hash) != len)
		return -EIO;
	memcpy(out, hash, len);
	return 0;
}

int stun_key_long_term(struct stun_crypto *crypto, uint16_t algorithm,
		       struct stun_bytes username, struct stun_bytes realm,
		       struct stun_bytes password, struct stun_key *key)
{
	const struct stun_bytes parts[] = {
		username, stun_bytes(":"), realm, stun_bytes(":"), password,
	};

	if (algorithm == STUN_PASSWORD_MD5 && crypto->md5) {
		key->len = 16;
		return digest_exact(crypto->md5, parts, 5, key->bytes, 16);
	}
	if (algorithm == STUN_PASSWORD_SHA256) {
		key->len = 32;
		return digest_exact(crypto->sha256, parts, 5, key->bytes, 32);
	}
	return -EOPNOTSUPP;
}

int stun_key_short_term(struct stun_bytes password, struct stun_key *key)
{
	if (password.len > STUN_KEY_MAX)
		return -EMSGSIZE;
	key->len = (uint8_t)password.len;
	if (password.len)
		memcpy(key->bytes, password.data, password.len);
	return 0;
}

int stun_userhash(struct stun_crypto *crypto, struct stun_bytes username,
		  struct stun_bytes realm,
		  uint8_t hash[static STUN_USERHASH_LEN])
{
	const struct stun_bytes parts[] = { username, stun_bytes(":"), realm };

	return digest_exact(crypto->sha256, parts, 3, hash, STUN_USERHASH_LEN);
}

static void hmac_pad(uint8_t pad[static HMAC_BLOCK_LEN],
		     const struct stun_key *key, uint8_t fill)
{
	memset(pad, fill, HMAC_BLOCK_LEN);
	for (size_t i = 0; i < key->len; i++)
		pad[i] ^= key->bytes[i];
}

/*
 * HMAC (RFC 2104) over the head and the rest of a message. Spelled out on top
 * of the digest, because OpenSSL 3's EVP_MAC, given a new key each time, takes
 * twice as long for messages of this size.
 */
static int hmac_message(EVP_MD_CTX *ctx, const struct stun_key *key,
			struct stun_bytes head, struct stun_bytes rest,
			uint8_t mac[static EVP_MAX_MD_SIZE])
{
	uint8_t pad[HMAC_BLOCK_LEN];
	struct stun_bytes parts[] = { { pad, sizeof(pad) }, head, rest };
	unsigned int len;

	hmac_pad(pad, key, 0x36);
	len = digest(ctx, parts, 3, mac);
	if (len) {
		hmac_pad(pad, key, 0x5c);
		parts[1] = (struct stun_bytes){ mac, len };
		len = digest(ctx, parts, 2, mac);
	}
	OPENSSL_cleanse(pad, sizeof(pad));
	return len ? 0 : -EIO;
}

/*
 * What either attribute covers: the message before it, with a length field
 * that reaches to its end, whatever follows.
 */
static int message_mac(struct stun_crypto *crypto, enum stun_hmac hmac,
		       const struct stun_key *key, struct stun_bytes before,
		       size_t attr_len, uint8_t mac[static EVP_MAX_MD_SIZE])
{
	struct stun_reader r = stun_reader(before.data, before.len);
	uint8_t head[4];
	struct stun_writer w = stun_writer(head, sizeof(head));
	struct stun_bytes rest;

	stun_write_u16(&w, stun_read_u16(&r));
	stun_read_u16(&r);
	stun_write_u16(&w, (uint16_t)(before.len - STUN_HEADER_LEN +
				      STUN_ATTR_HEADER_LEN + attr_len));
	rest.len = r.left;
	rest.data = stun_read_bytes(&r, r.left);
	return hmac_message(hmac == STUN_HMAC_SHA1 ? crypto->sha1
						   : crypto->sha256,
			    key, (struct stun_bytes){ head, sizeof(head) },
			    rest, mac);
}

static enum stun_attr_type hmac_attr(enum stun_hmac hmac)
{
	return hmac == STUN_HMAC_SHA1 ? STUN_ATTR_MESSAGE_INTEGRITY
				      : STUN_ATTR_MESSAGE_INTEGRITY_SHA256;
}

int stun_check_integrity(struct stun_crypto *crypto,
			 const struct stun_message *msg, enum stun_hmac hmac,
			 const struct stun_key *key)
{
	struct stun_bytes value, before;
	uint8_t mac[EVP_MAX_MD_SIZE];
	int ret;

	ret = stun_get_before(msg, hmac_attr(hmac), &before);
	if (!ret)
		ret = stun_get_bytes(msg, hmac_attr(hmac), &value);
	if (!ret)
		ret = message_mac(crypto, hmac, key, before, value.len, mac);
	if (ret)
		return ret;
	return CRYPTO_memcmp(mac, value.data, value.len) ? -EBADMSG : 0;
}

bool stun_integrity_truncated(const struct stun_message *msg)
{
	struct stun_bytes value;

	return stun_get_bytes(msg, STUN_ATTR_MESSAGE_INTEGRITY_SHA256,
			      &value) == 0 &&
	       value.len < STUN_HMAC_SHA256_LEN;
}

void stun_put_integrity(struct stun_builder *b, struct stun_crypto *crypto,
			enum stun_hmac hmac, const struct stun_key *key)
{
	const struct stun_bytes before = { b->w.buf, b->w.len };
	size_t len = hmac == STUN_HMAC_SHA1 ? STUN_HMAC_SHA1_LEN
					    : STUN_HMAC_SHA256_LEN;
	uint8_t *value = stun_put_space(b, (uint16_t)hmac_attr(hmac), len);
	uint8_t mac[EVP_MAX_MD_SIZE];

	if (!value)
		return;
	if (message_mac(crypto, hmac, key, before, len, mac) < 0)
		stun_build_fail(b, -EIO);
	else
		memcpy(value, mac, len);
}
