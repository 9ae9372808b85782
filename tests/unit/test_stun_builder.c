// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reader and writer keep their bounds, and failure to build cannot be missed.
 */
#include <errno.h>

#include <kselftest_harness.h>

#include "stun/builder.h"
#include "stun/fingerprint.h"
#include "stun/integrity.h"

static const struct stun_txid txid = { "0123456789ab" };

TEST(reader_stops_at_the_end)
{
	static const uint8_t data[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct stun_reader r = stun_reader(data, sizeof(data));

	EXPECT_EQ(0x01020304, stun_read_u32(&r));
	EXPECT_EQ(0x0506, stun_read_u16(&r));
	EXPECT_TRUE(stun_reader_ok(&r));
	EXPECT_EQ(0, stun_read_u16(&r));
	EXPECT_FALSE(stun_reader_ok(&r));

	/* One byte was left, but a failed reader is empty. */
	EXPECT_EQ(0, stun_read_u8(&r));
	EXPECT_EQ(NULL, stun_read_bytes(&r, 1));
	EXPECT_FALSE(stun_reader_ok(&r));
}

TEST(reader_huge_length)
{
	static const uint8_t data[4];
	struct stun_reader r = stun_reader(data, sizeof(data));

	EXPECT_EQ(NULL, stun_read_bytes(&r, SIZE_MAX));
	EXPECT_FALSE(stun_reader_ok(&r));
}

TEST(writer_stops_at_the_end)
{
	uint8_t buf[8] = { 0 };
	struct stun_writer w = stun_writer(buf, 6);

	stun_write_u32(&w, 0x01020304);
	stun_write_u32(&w, 0x05060708);
	EXPECT_EQ(-EMSGSIZE, stun_writer_end(&w));
	stun_write_u8(&w, 9);		/* would fit, but failure is for good */
	EXPECT_EQ(-EMSGSIZE, stun_writer_end(&w));
	EXPECT_EQ(0, memcmp(buf, "\1\2\3\4\0\0\0\0", 8));
	EXPECT_EQ(NULL, stun_write_space(&w, SIZE_MAX));
}

static void build_everything(struct stun_builder *b, uint8_t *buf, size_t cap,
			     struct stun_crypto *crypto)
{
	const struct stun_key key = { 16, "sixteen bytes.." };
	struct transport_addr addr;

	transport_addr_parse(&addr, "[2001:db8::1]:3478");
	stun_build(b, buf, cap, STUN_SUCCESS, STUN_ALLOCATE, &txid);
	stun_put_address(b, STUN_ATTR_XOR_RELAYED_ADDRESS, &addr);
	stun_put_lifetime(b, 600);
	stun_put_even_port(b, true);
	stun_put_error_code(b, 420, NULL);
	stun_put_unknown_attributes(b, (const uint16_t[]){ 1, 2, 3 }, 3);
	stun_put_password_algorithms(b, (const uint16_t[]){ 1, 2 }, 2);
	stun_put_icmp(b, &(struct stun_icmp){ 3, 4, 1500 });
	stun_put_string(b, STUN_ATTR_SOFTWARE, "kturn");
	stun_put_integrity(b, crypto, STUN_HMAC_SHA1, &key);
	stun_put_integrity(b, crypto, STUN_HMAC_SHA256, &key);
	stun_put_fingerprint(b);
}

/* Room for each length but the right one: refused, and no byte beyond it. */
TEST(no_room_at_any_length)
{
	struct stun_crypto *crypto = stun_crypto_new();
	struct stun_builder b;
	uint8_t buf[512];
	size_t full;

	ASSERT_NE(NULL, crypto);
	build_everything(&b, buf, sizeof(buf), crypto);
	full = (size_t)stun_build_end(&b);
	ASSERT_GT(sizeof(buf), full);

	for (size_t cap = 0; cap < full; cap++) {
		uint8_t *exact = malloc(cap ? cap : 1);

		ASSERT_NE(NULL, exact);
		build_everything(&b, exact, cap, crypto);
		ASSERT_EQ(-EMSGSIZE, stun_build_end(&b));
		free(exact);
	}
	build_everything(&b, buf, full, crypto);
	EXPECT_EQ((ssize_t)full, stun_build_end(&b));
	stun_crypto_free(crypto);
}

TEST(padding_is_zero)
{
	struct stun_builder b;
	uint8_t buf[64];

	for (size_t len = 0; len < 9; len++) {
		memset(buf, 0xee, sizeof(buf));
		stun_build(&b, buf, sizeof(buf), STUN_INDICATION, STUN_DATA,
			   &txid);
		stun_put_bytes(&b, STUN_ATTR_DATA, "abcdefgh", len);
		ASSERT_EQ(24 + (((ssize_t)len + 3) & ~3), stun_build_end(&b));
		EXPECT_EQ(len, buf[23]);
		for (size_t i = 24 + len; i % 4; i++)
			EXPECT_EQ(0, buf[i]);
	}
}

/* A payload that lies in place already, as the relay path has it. */
TEST(space_leaves_the_value_alone)
{
	struct transport_addr peer;
	struct stun_message msg;
	struct stun_bytes data;
	struct stun_builder b;
	uint8_t buf[128];
	ssize_t len;

	memcpy(buf + 20 + 12 + 4, "payload", 7);
	ASSERT_EQ(0, transport_addr_parse(&peer, "192.0.2.7:9"));
	stun_build(&b, buf, sizeof(buf), STUN_INDICATION, STUN_DATA, &txid);
	stun_put_address(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	ASSERT_EQ(buf + 36, stun_put_space(&b, STUN_ATTR_DATA, 7));
	len = stun_build_end(&b);
	ASSERT_EQ(44, len);
	ASSERT_EQ(STUN_OK, stun_message_decode(&msg, buf, (size_t)len));
	ASSERT_EQ(0, stun_get_bytes(&msg, STUN_ATTR_DATA, &data));
	EXPECT_EQ(7, data.len);
	EXPECT_EQ(0, memcmp("payload", data.data, 7));
}

TEST(nothing_behind_what_closes_the_message)
{
	struct stun_crypto *crypto = stun_crypto_new();
	const struct stun_key key = { .len = 16 };
	struct stun_builder b;
	uint8_t buf[256];

	ASSERT_NE(NULL, crypto);
	stun_build(&b, buf, sizeof(buf), STUN_SUCCESS, STUN_REFRESH, &txid);
	stun_put_fingerprint(&b);
	stun_put_lifetime(&b, 600);
	EXPECT_EQ(-EINVAL, stun_build_end(&b));

	stun_build(&b, buf, sizeof(buf), STUN_SUCCESS, STUN_REFRESH, &txid);
	stun_put_integrity(&b, crypto, STUN_HMAC_SHA1, &key);
	stun_put_lifetime(&b, 600);
	EXPECT_EQ(-EINVAL, stun_build_end(&b));

	stun_build(&b, buf, sizeof(buf), STUN_SUCCESS, STUN_REFRESH, &txid);
	stun_put_integrity(&b, crypto, STUN_HMAC_SHA256, &key);
	stun_put_integrity(&b, crypto, STUN_HMAC_SHA1, &key);
	EXPECT_EQ(-EINVAL, stun_build_end(&b));

	stun_build(&b, buf, sizeof(buf), STUN_SUCCESS, STUN_REFRESH, &txid);
	stun_put_fingerprint(&b);
	stun_put_fingerprint(&b);
	EXPECT_EQ(-EINVAL, stun_build_end(&b));
	stun_crypto_free(crypto);
}

TEST(first_error_is_kept)
{
	struct stun_builder b;
	uint8_t buf[64];

	stun_build(&b, buf, sizeof(buf), STUN_SUCCESS, 0x1000, &txid);
	stun_build_fail(&b, -EIO);
	EXPECT_EQ(-EINVAL, stun_build_end(&b));
}

TEST(response_takes_over_the_request)
{
	struct stun_message request, response;
	struct stun_builder b;
	uint8_t in[64], out[64];

	stun_build(&b, in, sizeof(in), STUN_REQUEST, STUN_CHANNEL_BIND, &txid);
	ASSERT_EQ(20, stun_build_end(&b));
	ASSERT_EQ(STUN_OK, stun_message_decode(&request, in, 20));
	stun_build_response(&b, out, sizeof(out), STUN_ERROR, &request);
	ASSERT_EQ(20, stun_build_end(&b));
	ASSERT_EQ(STUN_OK, stun_message_decode(&response, out, 20));
	EXPECT_EQ(STUN_ERROR, response.class);
	EXPECT_EQ(STUN_CHANNEL_BIND, response.method);
	EXPECT_EQ(0, memcmp(&txid, &response.txid, sizeof(txid)));
}

TEST_HARNESS_MAIN
