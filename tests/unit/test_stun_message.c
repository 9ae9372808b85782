// SPDX-License-Identifier: BSD-3-Clause
/*
 * Decoding: header, bounds, unknown attributes, and which attributes count.
 */
#include <errno.h>

#include <kselftest_harness.h>

#include "stun/builder.h"
#include "stun/fingerprint.h"
#include "stun/message.h"
#include "stun_vectors.h"

static const struct stun_txid txid = { "0123456789ab" };

/* A message written attribute by attribute, with no rule in the way. */
struct raw {
	uint8_t buf[1024];
	struct stun_writer w;
};

static void raw_begin(struct raw *raw)
{
	raw->w = stun_writer(raw->buf, sizeof(raw->buf));
	stun_write_u16(&raw->w, stun_type_pack(STUN_REQUEST, STUN_ALLOCATE));
	stun_write_u16(&raw->w, 0);
	stun_write_u32(&raw->w, STUN_MAGIC_COOKIE);
	stun_write_bytes(&raw->w, txid.bytes, sizeof(txid.bytes));
}

static void raw_attr(struct raw *raw, uint16_t type, size_t len, uint8_t fill)
{
	uint8_t *value;

	stun_write_u16(&raw->w, type);
	stun_write_u16(&raw->w, (uint16_t)len);
	value = stun_write_space(&raw->w, len);
	if (value && len)
		memset(value, fill, len);
	stun_write_zeros(&raw->w, stun_attr_padding(len));
}

static enum stun_decode_result raw_decode(struct raw *raw,
					  struct stun_message *msg)
{
	size_t body = raw->w.len - STUN_HEADER_LEN;

	raw->buf[2] = (uint8_t)(body >> 8);
	raw->buf[3] = (uint8_t)body;
	return stun_message_decode(msg, raw->buf, raw->w.len);
}

/* The first byte of an attribute's value tells which occurrence it is. */
static int first_byte(const struct stun_message *msg, enum stun_attr_type type)
{
	struct stun_bytes value;

	if (stun_get_bytes(msg, type, &value) < 0)
		return -1;
	return value.len ? value.data[0] : -2;
}

TEST(class_and_method)
{
	/* RFC 8489, section 5, and RFC 8656, section 17 */
	EXPECT_EQ(0x0001, stun_type_pack(STUN_REQUEST, STUN_BINDING));
	EXPECT_EQ(0x0101, stun_type_pack(STUN_SUCCESS, STUN_BINDING));
	EXPECT_EQ(0x0113, stun_type_pack(STUN_ERROR, STUN_ALLOCATE));
	EXPECT_EQ(0x0016, stun_type_pack(STUN_INDICATION, STUN_SEND));
	EXPECT_EQ(0x0017, stun_type_pack(STUN_INDICATION, STUN_DATA));
	EXPECT_EQ(0x3eef, stun_type_pack(STUN_REQUEST, 0xfff));
	EXPECT_EQ(0x3fff, stun_type_pack(STUN_ERROR, 0xfff));

	for (unsigned int type = 0; type < 0x4000; type++)
		ASSERT_EQ(type, stun_type_pack(stun_type_class((uint16_t)type),
					       stun_type_method((uint16_t)type)));
	EXPECT_STREQ("CreatePermission",
		     stun_method_name(STUN_CREATE_PERMISSION));
	EXPECT_STREQ("unknown", stun_method_name(0x123));
	EXPECT_STREQ("indication", stun_class_name(STUN_INDICATION));
}

TEST(bare_header)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));
	EXPECT_EQ(STUN_REQUEST, msg.class);
	EXPECT_EQ(STUN_ALLOCATE, msg.method);
	EXPECT_EQ(0, memcmp(&txid, &msg.txid, sizeof(txid)));
	EXPECT_EQ(0, msg.unknown_count);
	EXPECT_EQ(20, msg.len);
}

TEST(header_faults)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 1);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));

	raw.buf[0] |= 0x40;
	EXPECT_EQ(STUN_NOT_STUN, stun_message_decode(&msg, raw.buf, 28));
	raw.buf[0] ^= 0xc0;
	EXPECT_EQ(STUN_NOT_STUN, stun_message_decode(&msg, raw.buf, 28));
	raw.buf[0] &= 0x3f;
	ASSERT_EQ(STUN_OK, stun_message_decode(&msg, raw.buf, 28));

	for (int i = 4; i < 8; i++) {
		raw.buf[i] ^= 1;
		EXPECT_EQ(STUN_NOT_STUN,
			  stun_message_decode(&msg, raw.buf, 28));
		raw.buf[i] ^= 1;
	}

	/* The length field must be the datagram's, and a multiple of four. */
	for (unsigned int body = 0; body < 256; body++) {
		raw.buf[3] = (uint8_t)body;
		EXPECT_EQ(body == 8 ? STUN_OK : STUN_NOT_STUN,
			  stun_message_decode(&msg, raw.buf, 28));
	}
	raw.buf[3] = 7;
	EXPECT_EQ(STUN_NOT_STUN, stun_message_decode(&msg, raw.buf, 27));
	EXPECT_EQ(STUN_NOT_STUN, stun_message_decode(&msg, raw.buf, 0));
}

/* The datagram lies at the end of its own allocation, so ASan sees overruns. */
static enum stun_decode_result decode_exact(const void *data, size_t len,
					    struct stun_message *msg)
{
	static uint8_t *exact;

	free(exact);
	exact = malloc(len ? len : 1);
	if (!exact)
		abort();
	memcpy(exact, data, len);
	return stun_message_decode(msg, exact, len);
}

TEST(truncated_vectors_are_not_stun)
{
	struct stun_message msg;

	for (size_t v = 0; v < VECTOR_COUNT; v++) {
		for (size_t len = 0; len < vectors[v].len; len++)
			ASSERT_EQ(STUN_NOT_STUN,
				  decode_exact(vectors[v].data, len, &msg));
		ASSERT_EQ(STUN_OK, decode_exact(vectors[v].data,
						vectors[v].len, &msg));
	}
}

/*
 * Truncated with a length field that agrees: between attributes it is a
 * message, inside one its framing is bad.
 */
TEST(truncated_vectors_with_length)
{
	struct stun_message msg;
	uint8_t copy[256];

	for (size_t v = 0; v < VECTOR_COUNT; v++) {
		size_t boundary = STUN_HEADER_LEN, attr_len;

		memcpy(copy, vectors[v].data, vectors[v].len);
		for (size_t len = 20; len <= vectors[v].len; len += 4) {
			copy[2] = 0;
			copy[3] = (uint8_t)(len - STUN_HEADER_LEN);
			if (len < boundary) {
				ASSERT_EQ(STUN_BAD_FRAMING,
					  decode_exact(copy, len, &msg));
				ASSERT_FALSE(stun_has(&msg,
						      STUN_ATTR_USERNAME));
				ASSERT_EQ(STUN_BINDING, msg.method);
				continue;
			}
			ASSERT_EQ(boundary, len);
			ASSERT_EQ(STUN_OK, decode_exact(copy, len, &msg));
			attr_len = (size_t)(copy[len + 2] << 8 | copy[len + 3]);
			boundary += 4 + ((attr_len + 3) & ~(size_t)3);
		}
	}
}

TEST(unknown_required_attributes_are_listed)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, 0x7001, 5, 0);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 0);
	raw_attr(&raw, STUN_ATTR_PRIORITY, 4, 0);
	raw_attr(&raw, 0x7001, 5, 0);		/* again: listed once */
	raw_attr(&raw, 0x9001, 3, 0);		/* optional: passed over */
	raw_attr(&raw, STUN_ATTR_MOBILITY_TICKET, 3, 0);
	raw_attr(&raw, 0x0000, 0, 0);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));
	ASSERT_EQ(3, msg.unknown_count);
	EXPECT_EQ(0x7001, msg.unknown[0]);
	EXPECT_EQ(STUN_ATTR_PRIORITY, msg.unknown[1]);
	EXPECT_EQ(0x0000, msg.unknown[2]);
	EXPECT_TRUE(stun_has(&msg, STUN_ATTR_LIFETIME));
	EXPECT_FALSE(stun_has(&msg, 0x7001));
}

TEST(unknown_attributes_are_bounded)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	for (uint16_t i = 0; i < 100; i++)
		raw_attr(&raw, 0x7000 + i, 0, 0);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 9);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));
	ASSERT_EQ(STUN_UNKNOWN_MAX, msg.unknown_count);
	for (uint16_t i = 0; i < STUN_UNKNOWN_MAX; i++)
		EXPECT_EQ(0x7000 + i, msg.unknown[i]);
	EXPECT_EQ(9, first_byte(&msg, STUN_ATTR_LIFETIME));
}

TEST(first_occurrence_counts)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 1);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 2);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));
	EXPECT_EQ(1, first_byte(&msg, STUN_ATTR_LIFETIME));
}

/* A malformed duplicate is told all the same; the good one stays. */
TEST(malformed_duplicate)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 1);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 3, 2);
	raw_attr(&raw, STUN_ATTR_EVEN_PORT, 2, 2);
	ASSERT_EQ(STUN_BAD_ATTRIBUTE, raw_decode(&raw, &msg));
	EXPECT_EQ(STUN_ATTR_LIFETIME, msg.bad_attribute);
	EXPECT_EQ(1, first_byte(&msg, STUN_ATTR_LIFETIME));
	EXPECT_EQ(-1, first_byte(&msg, STUN_ATTR_EVEN_PORT));
}

/* RFC 8489, 14.5 to 14.7: who counts behind whom. */
TEST(behind_message_integrity)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_USERNAME, 4, 1);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, 20, 2);
	raw_attr(&raw, STUN_ATTR_USERNAME, 4, 3);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 3);
	raw_attr(&raw, STUN_ATTR_EVEN_PORT, 4, 3);	/* malformed */
	raw_attr(&raw, 0x7001, 4, 3);			/* unknown */
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, 20, 3);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, 32, 4);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 5);
	raw_attr(&raw, STUN_ATTR_FINGERPRINT, 4, 6);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, 32, 7);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));
	EXPECT_EQ(1, first_byte(&msg, STUN_ATTR_USERNAME));
	EXPECT_EQ(2, first_byte(&msg, STUN_ATTR_MESSAGE_INTEGRITY));
	EXPECT_EQ(-1, first_byte(&msg, STUN_ATTR_LIFETIME));
	EXPECT_EQ(4, first_byte(&msg, STUN_ATTR_MESSAGE_INTEGRITY_SHA256));
	EXPECT_EQ(6, first_byte(&msg, STUN_ATTR_FINGERPRINT));
	EXPECT_EQ(0, msg.unknown_count);
}

TEST(behind_message_integrity_sha256)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, 16, 1);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, 20, 2);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 2);
	raw_attr(&raw, STUN_ATTR_FINGERPRINT, 4, 3);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));
	EXPECT_EQ(1, first_byte(&msg, STUN_ATTR_MESSAGE_INTEGRITY_SHA256));
	EXPECT_EQ(-1, first_byte(&msg, STUN_ATTR_MESSAGE_INTEGRITY));
	EXPECT_EQ(-1, first_byte(&msg, STUN_ATTR_LIFETIME));
	EXPECT_EQ(3, first_byte(&msg, STUN_ATTR_FINGERPRINT));
}

TEST(behind_fingerprint)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_FINGERPRINT, 4, 1);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, 20, 2);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 2);
	raw_attr(&raw, STUN_ATTR_FINGERPRINT, 4, 2);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));
	EXPECT_EQ(1, first_byte(&msg, STUN_ATTR_FINGERPRINT));
	EXPECT_EQ(-1, first_byte(&msg, STUN_ATTR_MESSAGE_INTEGRITY));
	EXPECT_EQ(-1, first_byte(&msg, STUN_ATTR_LIFETIME));
}

/* An integrity that is malformed must not let what follows it in. */
TEST(behind_malformed_integrity)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, 19, 1);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 2);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, 20, 2);
	ASSERT_EQ(STUN_BAD_ATTRIBUTE, raw_decode(&raw, &msg));
	EXPECT_EQ(STUN_ATTR_MESSAGE_INTEGRITY, msg.bad_attribute);
	EXPECT_EQ(-1, first_byte(&msg, STUN_ATTR_LIFETIME));
	EXPECT_EQ(-1, first_byte(&msg, STUN_ATTR_MESSAGE_INTEGRITY));
}

/* Bad framing behind the last attribute that counts is bad framing still. */
TEST(bad_framing_behind_fingerprint)
{
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 1);
	raw_attr(&raw, STUN_ATTR_FINGERPRINT, 4, 1);
	stun_write_u16(&raw.w, 0x7001);
	stun_write_u16(&raw.w, 1);
	ASSERT_EQ(STUN_BAD_FRAMING, raw_decode(&raw, &msg));
	EXPECT_FALSE(stun_has(&msg, STUN_ATTR_LIFETIME));
	EXPECT_EQ(STUN_ALLOCATE, msg.method);
}

TEST(attributes_in_order)
{
	struct stun_reader attrs;
	struct stun_message msg;
	struct stun_attr attr;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_LIFETIME, 4, 1);
	raw_attr(&raw, 0x9001, 5, 2);
	raw_attr(&raw, STUN_ATTR_DONT_FRAGMENT, 0, 0);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, 20, 2);
	raw_attr(&raw, STUN_ATTR_NONCE, 4, 3);
	raw_attr(&raw, STUN_ATTR_FINGERPRINT, 4, 3);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));

	attrs = stun_attr_reader(&msg);
	ASSERT_EQ(1, stun_next_attr(&attrs, &attr));
	EXPECT_EQ(STUN_ATTR_LIFETIME, attr.type);
	ASSERT_EQ(1, stun_next_attr(&attrs, &attr));
	EXPECT_EQ(0x9001, attr.type);
	EXPECT_EQ(5, attr.value.len);
	EXPECT_EQ(2, attr.value.data[4]);
	ASSERT_EQ(1, stun_next_attr(&attrs, &attr));
	EXPECT_EQ(STUN_ATTR_DONT_FRAGMENT, attr.type);
	EXPECT_EQ(0, stun_next_attr(&attrs, &attr));
	EXPECT_EQ(0, stun_next_attr(&attrs, &attr));
}

TEST(peer_addresses)
{
	static const char *const peers[] = {
		"192.0.2.1:1000", "[2001:db8::7]:2000", "198.51.100.9:0",
	};
	struct transport_addr addr, want;
	struct stun_reader attrs;
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[512];
	ssize_t len;

	stun_build(&b, buf, sizeof(buf), STUN_REQUEST, STUN_CREATE_PERMISSION,
		   &txid);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, transport_addr_parse(&want, peers[i]));
		stun_put_address(&b, STUN_ATTR_XOR_PEER_ADDRESS, &want);
		stun_put_string(&b, STUN_ATTR_USERNAME, "between");
	}
	stun_put_fingerprint(&b);
	len = stun_build_end(&b);
	ASSERT_LT(0, len);
	ASSERT_EQ(STUN_OK, stun_message_decode(&msg, buf, (size_t)len));

	attrs = stun_attr_reader(&msg);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, transport_addr_parse(&want, peers[i]));
		ASSERT_EQ(1, stun_next_peer_address(&msg, &attrs, &addr));
		EXPECT_TRUE(transport_addr_equal(&want, &addr));
	}
	EXPECT_EQ(0, stun_next_peer_address(&msg, &attrs, &addr));
}

TEST(peer_addresses_of_no_family)
{
	struct transport_addr addr;
	struct stun_reader attrs;
	struct stun_message msg;
	struct raw raw;

	raw_begin(&raw);
	raw_attr(&raw, STUN_ATTR_XOR_PEER_ADDRESS, 8, 1);
	raw_attr(&raw, STUN_ATTR_XOR_PEER_ADDRESS, 8, 9);
	ASSERT_EQ(STUN_OK, raw_decode(&raw, &msg));
	attrs = stun_attr_reader(&msg);
	EXPECT_EQ(1, stun_next_peer_address(&msg, &attrs, &addr));
	EXPECT_EQ(-EBADMSG, stun_next_peer_address(&msg, &attrs, &addr));
}

/* The largest message there can be: 65532 bytes behind the header. */
TEST(largest_message)
{
	static uint8_t buf[STUN_MESSAGE_MAX + 4];
	struct stun_message msg;
	struct stun_bytes value;
	struct stun_builder b;

	memset(buf, 'x', sizeof(buf));
	stun_build(&b, buf, sizeof(buf), STUN_INDICATION, STUN_DATA, &txid);
	ASSERT_EQ(buf + 24, stun_put_space(&b, STUN_ATTR_DATA, 65519));
	stun_put_lifetime(&b, 1);
	ASSERT_EQ(STUN_MESSAGE_MAX, stun_build_end(&b));
	ASSERT_EQ(STUN_OK, stun_message_decode(&msg, buf, STUN_MESSAGE_MAX));
	ASSERT_EQ(0, stun_get_bytes(&msg, STUN_ATTR_DATA, &value));
	EXPECT_EQ(65519, value.len);
	EXPECT_EQ('x', value.data[65518]);
	EXPECT_EQ(0, value.data[65519]);
	EXPECT_TRUE(stun_has(&msg, STUN_ATTR_LIFETIME));

	stun_build(&b, buf, sizeof(buf), STUN_INDICATION, STUN_DATA, &txid);
	EXPECT_EQ(NULL, stun_put_space(&b, STUN_ATTR_DATA, 65529));
	EXPECT_EQ(-EMSGSIZE, stun_build_end(&b));
}

TEST_HARNESS_MAIN
