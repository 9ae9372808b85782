/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256 (RFC 8489, sections 14.5 and
 * 14.6), and the keys they are made with (section 9.2.2).
 */
#ifndef KTURN_STUN_INTEGRITY_H
#define KTURN_STUN_INTEGRITY_H

#include <stddef.h>
#include <stdint.h>

#include "stun/attribute.h"
#include "stun/builder.h"
#include "stun/message.h"

#define STUN_KEY_MAX 64

/**
 * struct stun_key - an HMAC key
 * @len: its length in bytes
 * @bytes: the key
 */
struct stun_key {
	uint8_t len;
	uint8_t bytes[STUN_KEY_MAX];
};

/** enum stun_hmac - which of the two attributes */
enum stun_hmac {
	STUN_HMAC_SHA1,		/* MESSAGE-INTEGRITY */
	STUN_HMAC_SHA256,	/* MESSAGE-INTEGRITY-SHA256 */
};

/**
 * struct stun_crypto - OpenSSL's algorithms, looked up once
 *
 * One per worker: it is scratch space of the running computation, so it must
 * not be used by two threads at a time.
 */
struct stun_crypto;

/**
 * stun_crypto_new() - look up the algorithms
 *
 * MD5 may be missing (OpenSSL in FIPS mode); then only keys made with it fail.
 *
 * Return: the context, or NULL if memory, SHA-1 or SHA-256 are not to be had;
 * OpenSSL's error queue says why.
 */
struct stun_crypto *stun_crypto_new(void);

/** stun_crypto_free() - give the context back; NULL is fine */
void stun_crypto_free(struct stun_crypto *crypto);

/**
 * stun_key_long_term() - the key of the long-term credential mechanism
 * @crypto: the worker's context
 * @algorithm: STUN_PASSWORD_MD5 or STUN_PASSWORD_SHA256
 * @username: user name
 * @realm: realm
 * @password: password
 * @key: filled with the hash of "username:realm:password"
 *
 * The three texts must have gone through their string preparation already.
 *
 * Return: 0, -EOPNOTSUPP if the algorithm is unknown or not to be had, -EIO
 * if OpenSSL failed.
 */
int stun_key_long_term(struct stun_crypto *crypto, uint16_t algorithm,
		       struct stun_bytes username, struct stun_bytes realm,
		       struct stun_bytes password, struct stun_key *key);

/**
 * stun_key_short_term() - the key of the short-term credential mechanism
 * @password: password, prepared; it is the key
 * @key: filled
 *
 * Return: 0, or -EMSGSIZE for passwords of more than STUN_KEY_MAX bytes.
 */
int stun_key_short_term(struct stun_bytes password, struct stun_key *key);

/**
 * stun_userhash() - value of USERHASH (RFC 8489, section 14.4)
 * @crypto: the worker's context
 * @username: user name, prepared
 * @realm: realm, prepared
 * @hash: filled with SHA-256("username:realm")
 *
 * Return: 0, or -EIO if OpenSSL failed.
 */
int stun_userhash(struct stun_crypto *crypto, struct stun_bytes username,
		  struct stun_bytes realm,
		  uint8_t hash[static STUN_USERHASH_LEN]);

/**
 * stun_check_integrity() - verify one of the two attributes
 * @crypto: the worker's context
 * @msg: a decoded message
 * @hmac: which
 * @key: the key the sender should have used
 *
 * A truncated MESSAGE-INTEGRITY-SHA256 is compared over its own length, at
 * least 16 bytes. RFC 8489 wants all 32 unless the usage allows truncation,
 * and TURN does not: use stun_integrity_truncated() to refuse it.
 * Takes the same time whatever bytes differ.
 *
 * Return: 0 if right, -ENOENT if the attribute is absent, -EBADMSG if wrong,
 * -EIO if OpenSSL failed.
 */
__attribute__((warn_unused_result))
int stun_check_integrity(struct stun_crypto *crypto,
			 const struct stun_message *msg, enum stun_hmac hmac,
			 const struct stun_key *key);

/** stun_integrity_truncated() - has it a MESSAGE-INTEGRITY-SHA256 < 32 bytes? */
bool stun_integrity_truncated(const struct stun_message *msg);

/**
 * stun_put_integrity() - append MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256
 * @b: the builder; all attributes but the other integrity and FINGERPRINT have
 *	been put
 * @crypto: the worker's context
 * @hmac: which; if both are put, STUN_HMAC_SHA1 comes first
 * @key: the key
 */
void stun_put_integrity(struct stun_builder *b, struct stun_crypto *crypto,
			enum stun_hmac hmac, const struct stun_key *key);

/**
 * stun_bytes() - view a zero-terminated string as bytes
 * @text: the string
 */
static inline struct stun_bytes stun_bytes(const char *text)
{
	return (struct stun_bytes){ (const uint8_t *)text, strlen(text) };
}

#endif /* KTURN_STUN_INTEGRITY_H */
