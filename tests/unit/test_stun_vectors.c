// SPDX-License-Identifier: BSD-3-Clause
/*
 * The vectors of RFC 5769 and RFC 8489 appendix B: read, verified, and built
 * again byte for byte.
 */
#include <arpa/inet.h>
#include <errno.h>

#include <kselftest_harness.h>

#include "stun/fingerprint.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun_vectors.h"

static bool bytes_are(struct stun_bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.data, text, b.len) == 0;
}

static bool has_text(const struct stun_message *msg, enum stun_attr_type type,
		     const char *text)
{
	struct stun_bytes value;

	return stun_get_bytes(msg, type, &value) == 0 && bytes_are(value, text);
}

FIXTURE(vectors)
{
	struct stun_crypto *crypto;
	struct stun_message msg;
	struct stun_key key;
};

FIXTURE_SETUP(vectors)
{
	self->crypto = stun_crypto_new();
	ASSERT_NE(NULL, self->crypto);
	ASSERT_EQ(0, stun_key_short_term(stun_bytes(VECTOR_SHORT_TERM_PASSWORD),
					 &self->key));
}

FIXTURE_TEARDOWN(vectors)
{
	stun_crypto_free(self->crypto);
}

TEST_F(vectors, rfc5769_request)
{
	struct stun_message *msg = &self->msg;

	ASSERT_EQ(STUN_OK, stun_message_decode(msg, rfc5769_request,
					       sizeof(rfc5769_request)));
	EXPECT_EQ(STUN_REQUEST, msg->class);
	EXPECT_EQ(STUN_BINDING, msg->method);
	EXPECT_EQ(0, memcmp(msg->txid.bytes, "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86"
			    "\xfa\x87\xdf\xae", 12));
	EXPECT_TRUE(has_text(msg, STUN_ATTR_SOFTWARE, "STUN test client"));
	EXPECT_TRUE(has_text(msg, STUN_ATTR_USERNAME, "evtj:h6vY"));
	/* PRIORITY is ICE's, and a TURN server does not know it. */
	EXPECT_EQ(1, msg->unknown_count);
	EXPECT_EQ(STUN_ATTR_PRIORITY, msg->unknown[0]);
	EXPECT_EQ(0, stun_check_integrity(self->crypto, msg, STUN_HMAC_SHA1,
					  &self->key));
	EXPECT_EQ(0, stun_check_fingerprint(msg));
}

TEST_F(vectors, rfc5769_response_ipv4)
{
	struct stun_message *msg = &self->msg;
	char text[TRANSPORT_ADDR_STRLEN];
	struct transport_addr addr;

	ASSERT_EQ(STUN_OK, stun_message_decode(msg, rfc5769_response_ipv4,
					       sizeof(rfc5769_response_ipv4)));
	EXPECT_EQ(STUN_SUCCESS, msg->class);
	EXPECT_EQ(STUN_BINDING, msg->method);
	EXPECT_TRUE(has_text(msg, STUN_ATTR_SOFTWARE, "test vector"));
	ASSERT_EQ(0, stun_get_address(msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &addr));
	EXPECT_STREQ("192.0.2.1:32853", transport_addr_print(&addr, text));
	EXPECT_EQ(0, stun_check_integrity(self->crypto, msg, STUN_HMAC_SHA1,
					  &self->key));
	EXPECT_EQ(0, stun_check_fingerprint(msg));
}

TEST_F(vectors, rfc5769_response_ipv6)
{
	struct stun_message *msg = &self->msg;
	struct transport_addr addr, want;

	ASSERT_EQ(STUN_OK, stun_message_decode(msg, rfc5769_response_ipv6,
					       sizeof(rfc5769_response_ipv6)));
	EXPECT_EQ(STUN_SUCCESS, msg->class);
	ASSERT_EQ(0, stun_get_address(msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &addr));
	ASSERT_EQ(0, transport_addr_parse(&want,
			"[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
	EXPECT_TRUE(transport_addr_equal(&want, &addr));
	EXPECT_EQ(0, stun_check_integrity(self->crypto, msg, STUN_HMAC_SHA1,
					  &self->key));
	EXPECT_EQ(0, stun_check_fingerprint(msg));
}

TEST_F(vectors, rfc5769_request_long_term)
{
	struct stun_message *msg = &self->msg;

	ASSERT_EQ(STUN_OK, stun_message_decode(msg, rfc5769_request_long_term,
					sizeof(rfc5769_request_long_term)));
	EXPECT_TRUE(has_text(msg, STUN_ATTR_USERNAME, VECTOR_USERNAME));
	EXPECT_TRUE(has_text(msg, STUN_ATTR_REALM, VECTOR_REALM));
	EXPECT_TRUE(has_text(msg, STUN_ATTR_NONCE,
			     "f//499k954d6OL34oL9FSTvy64sA"));
	ASSERT_EQ(0, stun_key_long_term(self->crypto, STUN_PASSWORD_MD5,
					stun_bytes(VECTOR_USERNAME),
					stun_bytes(VECTOR_REALM),
					stun_bytes(VECTOR_PASSWORD),
					&self->key));
	EXPECT_EQ(0, stun_check_integrity(self->crypto, msg, STUN_HMAC_SHA1,
					  &self->key));
	EXPECT_EQ(-ENOENT, stun_check_fingerprint(msg));
}

TEST_F(vectors, rfc8489_request_sha256)
{
	struct stun_password_algorithm algorithm;
	struct stun_message *msg = &self->msg;
	uint8_t hash[STUN_USERHASH_LEN];
	struct stun_bytes value;

	ASSERT_EQ(STUN_OK, stun_message_decode(msg, rfc8489_request_sha256,
					sizeof(rfc8489_request_sha256)));
	EXPECT_TRUE(has_text(msg, STUN_ATTR_REALM, VECTOR_REALM));
	EXPECT_TRUE(has_text(msg, STUN_ATTR_NONCE, VECTOR_NONCE_SHA256));

	ASSERT_EQ(0, stun_userhash(self->crypto, stun_bytes(VECTOR_USERNAME),
				   stun_bytes(VECTOR_REALM), hash));
	ASSERT_EQ(0, stun_get_bytes(msg, STUN_ATTR_USERHASH, &value));
	EXPECT_EQ(0, memcmp(hash, value.data, sizeof(hash)));

	ASSERT_EQ(0, stun_get_password_algorithm(msg, &algorithm));
	EXPECT_EQ(STUN_PASSWORD_SHA256, algorithm.number);
	EXPECT_EQ(0, algorithm.parameters.len);

	ASSERT_EQ(0, stun_key_long_term(self->crypto, algorithm.number,
					stun_bytes(VECTOR_USERNAME),
					stun_bytes(VECTOR_REALM),
					stun_bytes(VECTOR_PASSWORD),
					&self->key));
	EXPECT_FALSE(stun_integrity_truncated(msg));
	EXPECT_EQ(0, stun_check_integrity(self->crypto, msg, STUN_HMAC_SHA256,
					  &self->key));
}

TEST_F(vectors, rfc8489_request_sha256_as_printed)
{
	EXPECT_EQ(STUN_NOT_STUN,
		  stun_message_decode(&self->msg,
				      rfc8489_request_sha256_as_printed,
				      sizeof(rfc8489_request_sha256_as_printed)));
}

/* The builder must arrive at the vector; only the bytes of padding differ. */
static void blank_padding(uint8_t *copy, const uint8_t *data, size_t len)
{
	size_t at = STUN_HEADER_LEN, end;

	memcpy(copy, data, len);
	while (at + 4 <= len) {
		end = at + 4 + (size_t)(data[at + 2] << 8 | data[at + 3]);
		for (at = end; at % 4; at++)
			copy[at] = 0;
	}
}

/* Padding is covered by integrity: spaces in RFC 5769, zeros in ours. */
TEST_F(vectors, rebuilt_responses)
{
	static const struct {
		const uint8_t *data;
		size_t len;
		const char *mapped;
	} responses[] = {
		{ rfc5769_response_ipv4, sizeof(rfc5769_response_ipv4),
		  "192.0.2.1:32853" },
		{ rfc5769_response_ipv6, sizeof(rfc5769_response_ipv6),
		  "[2001:db8:1234:5678:11:2233:4455:6677]:32853" },
	};
	struct stun_message *msg = &self->msg;
	uint8_t buf[128], want[128];
	struct transport_addr addr;
	struct stun_builder b;

	for (size_t i = 0; i < 2; i++) {
		/* up to MESSAGE-INTEGRITY, which covers the padding */
		size_t same = responses[i].len - 8 - 24;

		ASSERT_EQ(STUN_OK, stun_message_decode(msg, responses[i].data,
						       responses[i].len));
		ASSERT_EQ(0, transport_addr_parse(&addr, responses[i].mapped));
		stun_build(&b, buf, sizeof(buf), STUN_SUCCESS, STUN_BINDING,
			   &msg->txid);
		stun_put_string(&b, STUN_ATTR_SOFTWARE, "test vector");
		stun_put_address(&b, STUN_ATTR_XOR_MAPPED_ADDRESS, &addr);
		stun_put_integrity(&b, self->crypto, STUN_HMAC_SHA1, &self->key);
		stun_put_fingerprint(&b);
		ASSERT_EQ((ssize_t)responses[i].len, stun_build_end(&b));

		blank_padding(want, responses[i].data, responses[i].len);
		EXPECT_EQ(0, memcmp(want, buf, same));
		ASSERT_EQ(STUN_OK, stun_message_decode(msg, buf,
						       responses[i].len));
		EXPECT_EQ(0, stun_check_integrity(self->crypto, msg,
						  STUN_HMAC_SHA1, &self->key));
		EXPECT_EQ(0, stun_check_fingerprint(msg));
	}
}

/* These two have zero padding, so every byte must come out. */
TEST_F(vectors, rebuilt_request_long_term)
{
	const size_t len = sizeof(rfc5769_request_long_term);
	struct stun_message *msg = &self->msg;
	struct stun_builder b;
	uint8_t buf[256];

	ASSERT_EQ(STUN_OK,
		  stun_message_decode(msg, rfc5769_request_long_term, len));
	ASSERT_EQ(0, stun_key_long_term(self->crypto, STUN_PASSWORD_MD5,
					stun_bytes(VECTOR_USERNAME),
					stun_bytes(VECTOR_REALM),
					stun_bytes(VECTOR_PASSWORD),
					&self->key));
	stun_build(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, &msg->txid);
	stun_put_string(&b, STUN_ATTR_USERNAME, VECTOR_USERNAME);
	stun_put_string(&b, STUN_ATTR_NONCE, "f//499k954d6OL34oL9FSTvy64sA");
	stun_put_string(&b, STUN_ATTR_REALM, VECTOR_REALM);
	stun_put_integrity(&b, self->crypto, STUN_HMAC_SHA1, &self->key);
	ASSERT_EQ((ssize_t)len, stun_build_end(&b));
	EXPECT_EQ(0, memcmp(rfc5769_request_long_term, buf, len));
}

TEST_F(vectors, rebuilt_request_sha256)
{
	const size_t len = sizeof(rfc8489_request_sha256);
	struct stun_message *msg = &self->msg;
	uint8_t hash[STUN_USERHASH_LEN];
	struct stun_builder b;
	uint8_t buf[256];

	ASSERT_EQ(STUN_OK, stun_message_decode(msg, rfc8489_request_sha256, len));
	ASSERT_EQ(0, stun_userhash(self->crypto, stun_bytes(VECTOR_USERNAME),
				   stun_bytes(VECTOR_REALM), hash));
	ASSERT_EQ(0, stun_key_long_term(self->crypto, STUN_PASSWORD_SHA256,
					stun_bytes(VECTOR_USERNAME),
					stun_bytes(VECTOR_REALM),
					stun_bytes(VECTOR_PASSWORD),
					&self->key));
	stun_build(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, &msg->txid);
	stun_put_bytes(&b, STUN_ATTR_USERHASH, hash, sizeof(hash));
	stun_put_string(&b, STUN_ATTR_NONCE, VECTOR_NONCE_SHA256);
	stun_put_string(&b, STUN_ATTR_REALM, VECTOR_REALM);
	stun_put_password_algorithm(&b, STUN_PASSWORD_SHA256);
	stun_put_integrity(&b, self->crypto, STUN_HMAC_SHA256, &self->key);
	ASSERT_EQ((ssize_t)len, stun_build_end(&b));
	EXPECT_EQ(0, memcmp(rfc8489_request_sha256, buf, len));
}

TEST_HARNESS_MAIN
