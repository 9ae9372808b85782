// SPDX-License-Identifier: BSD-3-Clause
/*
 * Integrity and FINGERPRINT: held against OpenSSL's own HMAC, in all orders,
 * and against every change of a byte.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <kselftest_harness.h>

#include "stun/fingerprint.h"
#include "stun/integrity.h"
#include "stun_vectors.h"

static const struct stun_txid txid = { "0123456789ab" };

FIXTURE(integrity)
{
	struct stun_crypto *crypto;
	struct stun_message msg;
	struct stun_builder b;
	struct stun_key key;
	uint8_t buf[512];
};

FIXTURE_SETUP(integrity)
{
	self->crypto = stun_crypto_new();
	ASSERT_NE(NULL, self->crypto);
	ASSERT_EQ(0, stun_key_long_term(self->crypto, STUN_PASSWORD_MD5,
					stun_bytes("user"), stun_bytes("realm"),
					stun_bytes("pass"), &self->key));
	stun_build(&self->b, self->buf, sizeof(self->buf), STUN_REQUEST,
		   STUN_ALLOCATE, &txid);
	stun_put_string(&self->b, STUN_ATTR_USERNAME, "user");
	stun_put_string(&self->b, STUN_ATTR_NONCE, "a nonce of some length");
}

FIXTURE_TEARDOWN(integrity)
{
	stun_crypto_free(self->crypto);
}

#define DECODE() do { \
	ssize_t len_ = stun_build_end(&self->b); \
	ASSERT_LT(0, len_); \
	ASSERT_EQ(STUN_OK, stun_message_decode(&self->msg, self->buf, \
					       (size_t)len_)); \
} while (0)

#define CHECK(hmac) \
	stun_check_integrity(self->crypto, &self->msg, hmac, &self->key)

/* RFC 8489, section 9.2.2 */
TEST_F(integrity, long_term_keys)
{
	static const uint8_t md5[] = {	/* of "user:realm:pass" */
		0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb,
		0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb,
	};
	uint8_t sha256[EVP_MAX_MD_SIZE];
	unsigned int len;

	EXPECT_EQ(16, self->key.len);
	EXPECT_EQ(0, memcmp(md5, self->key.bytes, 16));

	ASSERT_EQ(0, stun_key_long_term(self->crypto, STUN_PASSWORD_SHA256,
					stun_bytes("user"), stun_bytes("realm"),
					stun_bytes("pass"), &self->key));
	ASSERT_EQ(1, EVP_Digest("user:realm:pass", 15, sha256, &len,
				EVP_sha256(), NULL));
	EXPECT_EQ(32, self->key.len);
	EXPECT_EQ(0, memcmp(sha256, self->key.bytes, 32));

	EXPECT_EQ(-EOPNOTSUPP,
		  stun_key_long_term(self->crypto, 3, stun_bytes("u"),
				     stun_bytes("r"), stun_bytes("p"),
				     &self->key));
}

TEST_F(integrity, short_term_keys)
{
	char password[STUN_KEY_MAX + 2];

	memset(password, 'p', sizeof(password));
	password[STUN_KEY_MAX + 1] = '\0';
	EXPECT_EQ(-EMSGSIZE,
		  stun_key_short_term(stun_bytes(password), &self->key));
	password[STUN_KEY_MAX] = '\0';
	EXPECT_EQ(0, stun_key_short_term(stun_bytes(password), &self->key));
	EXPECT_EQ(STUN_KEY_MAX, self->key.len);
	EXPECT_EQ(0, stun_key_short_term(stun_bytes(""), &self->key));
	EXPECT_EQ(0, self->key.len);
}

/* Our HMAC against OpenSSL's, over all key lengths. */
TEST_F(integrity, same_as_openssl)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	struct stun_builder start = self->b;
	size_t covered = self->b.w.len;
	struct stun_bytes value;
	unsigned int len;

	for (uint8_t key_len = 0; key_len <= STUN_KEY_MAX; key_len++) {
		self->key.len = key_len;
		for (uint8_t i = 0; i < key_len; i++)
			self->key.bytes[i] = (uint8_t)(i * 37 + key_len);

		self->b = start;
		stun_put_integrity(&self->b, self->crypto, STUN_HMAC_SHA1,
				   &self->key);
		DECODE();
		ASSERT_EQ(0, CHECK(STUN_HMAC_SHA1));
		ASSERT_NE(NULL, HMAC(EVP_sha1(), self->key.bytes, key_len,
				     self->buf, covered, mac, &len));
		ASSERT_EQ(0, stun_get_bytes(&self->msg,
				STUN_ATTR_MESSAGE_INTEGRITY, &value));
		ASSERT_EQ(len, value.len);
		ASSERT_EQ(0, memcmp(mac, value.data, len));

		self->b = start;
		stun_put_integrity(&self->b, self->crypto, STUN_HMAC_SHA256,
				   &self->key);
		DECODE();
		ASSERT_EQ(0, CHECK(STUN_HMAC_SHA256));
		ASSERT_NE(NULL, HMAC(EVP_sha256(), self->key.bytes, key_len,
				     self->buf, covered, mac, &len));
		ASSERT_EQ(0, stun_get_bytes(&self->msg,
				STUN_ATTR_MESSAGE_INTEGRITY_SHA256, &value));
		ASSERT_EQ(len, value.len);
		ASSERT_EQ(0, memcmp(mac, value.data, len));
	}
}

TEST_F(integrity, all_three_closing)
{
	stun_put_integrity(&self->b, self->crypto, STUN_HMAC_SHA1, &self->key);
	stun_put_integrity(&self->b, self->crypto, STUN_HMAC_SHA256,
			   &self->key);
	stun_put_fingerprint(&self->b);
	DECODE();
	EXPECT_EQ(0, CHECK(STUN_HMAC_SHA1));
	EXPECT_EQ(0, CHECK(STUN_HMAC_SHA256));
	EXPECT_EQ(0, stun_check_fingerprint(&self->msg));
}

TEST_F(integrity, absent)
{
	DECODE();
	EXPECT_EQ(-ENOENT, CHECK(STUN_HMAC_SHA1));
	EXPECT_EQ(-ENOENT, CHECK(STUN_HMAC_SHA256));
	EXPECT_EQ(-ENOENT, stun_check_fingerprint(&self->msg));
	EXPECT_FALSE(stun_integrity_truncated(&self->msg));
}

TEST_F(integrity, wrong_key)
{
	stun_put_integrity(&self->b, self->crypto, STUN_HMAC_SHA1, &self->key);
	stun_put_integrity(&self->b, self->crypto, STUN_HMAC_SHA256,
			   &self->key);
	DECODE();
	self->key.bytes[15] ^= 1;
	EXPECT_EQ(-EBADMSG, CHECK(STUN_HMAC_SHA1));
	EXPECT_EQ(-EBADMSG, CHECK(STUN_HMAC_SHA256));
	self->key.bytes[15] ^= 1;
	EXPECT_EQ(0, CHECK(STUN_HMAC_SHA1));
	self->key.len = 15;
	EXPECT_EQ(-EBADMSG, CHECK(STUN_HMAC_SHA1));
}

/*
 * A truncated HMAC-SHA256: the length field that it covers reaches to its own
 * end, so the sender computes it anew for each length.
 */
TEST_F(integrity, truncated)
{
	struct stun_builder start = self->b;
	size_t covered = self->b.w.len;
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned int len;

	for (size_t keep = 16; keep <= 32; keep += 4) {
		self->b = start;
		stun_build_set_length(&self->b, covered + 4 + keep);
		ASSERT_NE(NULL, HMAC(EVP_sha256(), self->key.bytes, 16,
				     self->buf, covered, mac, &len));
		stun_put_bytes(&self->b, STUN_ATTR_MESSAGE_INTEGRITY_SHA256,
			       mac, keep);
		stun_put_fingerprint(&self->b);
		DECODE();
		EXPECT_EQ(0, CHECK(STUN_HMAC_SHA256));
		EXPECT_EQ(keep < 32, stun_integrity_truncated(&self->msg));

		/* its last byte counts too */
		self->buf[covered + 4 + keep - 1] ^= 0x80;
		EXPECT_EQ(-EBADMSG, CHECK(STUN_HMAC_SHA256));
	}
}

/*
 * Whatever byte of a vector changes, to whatever value: either it is no longer
 * taken for what it was, or the checks notice. Only bytes that no check covers
 * may change unnoticed: none in these messages but those behind integrity,
 * which FINGERPRINT covers, and the length field, which integrity adjusts but
 * the decoder holds against the datagram.
 */
static bool accepted(struct stun_crypto *crypto, const struct stun_key *key,
		     enum stun_hmac hmac, bool fingerprint,
		     const uint8_t *data, size_t len)
{
	struct stun_message msg;

	return stun_message_decode(&msg, data, len) == STUN_OK &&
	       stun_check_integrity(crypto, &msg, hmac, key) == 0 &&
	       (!fingerprint || stun_check_fingerprint(&msg) == 0);
}

static size_t unnoticed_changes(struct stun_crypto *crypto,
				const struct stun_key *key, enum stun_hmac hmac,
				bool fingerprint, const uint8_t *data,
				size_t len)
{
	uint8_t *copy = malloc(len);
	size_t unnoticed = 0;

	if (!copy)
		abort();
	memcpy(copy, data, len);
	if (!accepted(crypto, key, hmac, fingerprint, copy, len))
		unnoticed = SIZE_MAX / 2;	/* must pass unchanged */
	for (size_t i = 0; i < len; i++) {
		for (unsigned int v = 1; v < 256; v++) {
			copy[i] ^= (uint8_t)v;
			unnoticed += accepted(crypto, key, hmac, fingerprint,
					      copy, len);
			copy[i] ^= (uint8_t)v;
		}
	}
	free(copy);
	return unnoticed;
}

TEST_F(integrity, every_change_of_a_short_term_vector)
{
	ASSERT_EQ(0, stun_key_short_term(stun_bytes(VECTOR_SHORT_TERM_PASSWORD),
					 &self->key));
	for (size_t v = 0; v < 3; v++)
		EXPECT_EQ(0, unnoticed_changes(self->crypto, &self->key,
					       STUN_HMAC_SHA1, true,
					       vectors[v].data, vectors[v].len));
}

TEST_F(integrity, every_change_of_a_long_term_vector)
{
	ASSERT_EQ(0, stun_key_long_term(self->crypto, STUN_PASSWORD_MD5,
					stun_bytes(VECTOR_USERNAME),
					stun_bytes(VECTOR_REALM),
					stun_bytes(VECTOR_PASSWORD),
					&self->key));
	EXPECT_EQ(0, unnoticed_changes(self->crypto, &self->key, STUN_HMAC_SHA1,
				       false, rfc5769_request_long_term,
				       sizeof(rfc5769_request_long_term)));
	ASSERT_EQ(0, stun_key_long_term(self->crypto, STUN_PASSWORD_SHA256,
					stun_bytes(VECTOR_USERNAME),
					stun_bytes(VECTOR_REALM),
					stun_bytes(VECTOR_PASSWORD),
					&self->key));
	EXPECT_EQ(0, unnoticed_changes(self->crypto, &self->key,
				       STUN_HMAC_SHA256, false,
				       rfc8489_request_sha256,
				       sizeof(rfc8489_request_sha256)));
}

static long live;

static void *counting_malloc(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	live++;
	return malloc(len);
}

static void *counting_realloc(void *p, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	live += !p;
	return realloc(p, len);
}

static void counting_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	live -= !!p;
	free(p);
}

/* Nothing that a packet makes OpenSSL allocate outlives the call. */
TEST(nothing_stays_allocated)
{
	struct stun_crypto *crypto;
	struct stun_message msg;
	struct stun_builder b;
	struct stun_key key;
	long before_new, after_new;
	uint8_t buf[512];

	ASSERT_EQ(1, CRYPTO_set_mem_functions(counting_malloc, counting_realloc,
					      counting_free));
	stun_crypto_free(stun_crypto_new());	/* OpenSSL's own set-up */
	before_new = live;
	crypto = stun_crypto_new();
	ASSERT_NE(NULL, crypto);
	after_new = live;
	ASSERT_LT(before_new, after_new);

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, stun_key_long_term(crypto, STUN_PASSWORD_MD5,
						stun_bytes(VECTOR_USERNAME),
						stun_bytes(VECTOR_REALM),
						stun_bytes(VECTOR_PASSWORD),
						&key));
		ASSERT_EQ(STUN_OK, stun_message_decode(&msg,
					rfc5769_request_long_term,
					sizeof(rfc5769_request_long_term)));
		ASSERT_EQ(0, stun_check_integrity(crypto, &msg, STUN_HMAC_SHA1,
						  &key));
		stun_build_response(&b, buf, sizeof(buf), STUN_SUCCESS, &msg);
		stun_put_lifetime(&b, 600);
		stun_put_integrity(&b, crypto, STUN_HMAC_SHA1, &key);
		stun_put_integrity(&b, crypto, STUN_HMAC_SHA256, &key);
		stun_put_fingerprint(&b);
		ASSERT_LT(0, stun_build_end(&b));
		EXPECT_EQ(after_new, live);
	}
	stun_crypto_free(crypto);
	EXPECT_EQ(before_new, live);
}

TEST_HARNESS_MAIN
