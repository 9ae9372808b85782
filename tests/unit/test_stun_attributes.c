// SPDX-License-Identifier: BSD-3-Clause
/*
 * Every attribute: written and read back, held against the RFC's bytes where
 * those are not obvious, refused at wrong lengths and wrong values.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include <kselftest_harness.h>

#include "stun/builder.h"
#include "stun/fingerprint.h"
#include "stun/message.h"

static const struct stun_txid txid = { "0123456789ab" };

FIXTURE(attributes)
{
	struct stun_builder b;
	struct stun_message msg;
	uint8_t buf[2048];
};

FIXTURE_SETUP(attributes)
{
	stun_build(&self->b, self->buf, sizeof(self->buf), STUN_REQUEST,
		   STUN_ALLOCATE, &txid);
}

FIXTURE_TEARDOWN(attributes)
{
}

/* Finish what was built and decode it. */
static enum stun_decode_result turn_round(struct stun_builder *b,
					  struct stun_message *msg)
{
	ssize_t len = stun_build_end(b);

	return len < 0 ? STUN_NOT_STUN
		       : stun_message_decode(msg, b->w.buf, (size_t)len);
}

#define TURN_ROUND() \
	ASSERT_EQ(STUN_OK, turn_round(&self->b, &self->msg))

/* The value of the first attribute in the buffer, and no byte more. */
#define VALUE_IS(...) do { \
	static const uint8_t want_[] = { __VA_ARGS__ }; \
	ASSERT_EQ(0, self->buf[22]); \
	ASSERT_EQ(sizeof(want_), self->buf[23]); \
	EXPECT_EQ(0, memcmp(want_, self->buf + 24, sizeof(want_))); \
} while (0)

TEST_F(attributes, channel_number)
{
	uint16_t number = 0;

	stun_put_channel_number(&self->b, 0x4abc);
	TURN_ROUND();
	VALUE_IS(0x4a, 0xbc, 0, 0);
	ASSERT_EQ(0, stun_get_channel_number(&self->msg, &number));
	EXPECT_EQ(0x4abc, number);
}

TEST_F(attributes, lifetime)
{
	uint32_t seconds = 0;

	stun_put_lifetime(&self->b, 0xfedcba98);
	TURN_ROUND();
	VALUE_IS(0xfe, 0xdc, 0xba, 0x98);
	ASSERT_EQ(0, stun_get_lifetime(&self->msg, &seconds));
	EXPECT_EQ(0xfedcba98, seconds);
}

TEST_F(attributes, requested_transport)
{
	uint8_t protocol = 0;

	stun_put_requested_transport(&self->b, IPPROTO_UDP);
	TURN_ROUND();
	VALUE_IS(17, 0, 0, 0);
	ASSERT_EQ(0, stun_get_requested_transport(&self->msg, &protocol));
	EXPECT_EQ(IPPROTO_UDP, protocol);
}

TEST_F(attributes, address_families)
{
	uint8_t family = 0;

	stun_put_address_family(&self->b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
				STUN_FAMILY_IPV6);
	stun_put_address_family(&self->b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY,
				77);
	TURN_ROUND();
	VALUE_IS(2, 0, 0, 0);
	ASSERT_EQ(0, stun_get_address_family(&self->msg,
			STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &family));
	EXPECT_EQ(STUN_FAMILY_IPV6, family);
	ASSERT_EQ(0, stun_get_address_family(&self->msg,
			STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, &family));
	EXPECT_EQ(77, family);
}

TEST_F(attributes, even_port)
{
	bool reserve = false;

	stun_put_even_port(&self->b, true);
	TURN_ROUND();
	VALUE_IS(0x80);
	/* one byte of value, three of padding, all zero */
	EXPECT_EQ(0, memcmp(self->buf + 25, "\0\0\0", 3));
	EXPECT_EQ(28, self->msg.len);
	ASSERT_EQ(0, stun_get_even_port(&self->msg, &reserve));
	EXPECT_TRUE(reserve);

	/* The other bits are reserved and ignored. */
	self->buf[24] = 0x7f;
	ASSERT_EQ(0, stun_get_even_port(&self->msg, &reserve));
	EXPECT_FALSE(reserve);
}

TEST_F(attributes, reservation_token)
{
	uint8_t token[STUN_RESERVATION_TOKEN_LEN] = { 0 };

	stun_put_reservation_token(&self->b, (const uint8_t *)"8 bytes!");
	TURN_ROUND();
	ASSERT_EQ(0, stun_get_reservation_token(&self->msg, token));
	EXPECT_EQ(0, memcmp("8 bytes!", token, sizeof(token)));
}

TEST_F(attributes, dont_fragment)
{
	stun_put_flag(&self->b, STUN_ATTR_DONT_FRAGMENT);
	TURN_ROUND();
	EXPECT_EQ(24, self->msg.len);
	EXPECT_TRUE(stun_has(&self->msg, STUN_ATTR_DONT_FRAGMENT));
	EXPECT_FALSE(stun_has(&self->msg, STUN_ATTR_EVEN_PORT));
}

TEST_F(attributes, error_code)
{
	struct stun_error error;

	stun_put_error_code(&self->b, STUN_ERR_STALE_NONCE, NULL);
	TURN_ROUND();
	VALUE_IS(0, 0, 4, 38, 'S', 't', 'a', 'l', 'e', ' ', 'N', 'o', 'n', 'c',
		 'e');
	ASSERT_EQ(0, stun_get_error_code(&self->msg, &error));
	EXPECT_EQ(438, error.code);
	EXPECT_EQ(0, error.family);
	EXPECT_EQ(11, error.reason.len);
	EXPECT_EQ(0, memcmp("Stale Nonce", error.reason.data, 11));

	/* The class is three bits; the rest of the byte is reserved. */
	self->buf[26] = 0xfc;
	ASSERT_EQ(0, stun_get_error_code(&self->msg, &error));
	EXPECT_EQ(438, error.code);
}

TEST_F(attributes, error_code_range)
{
	static const uint8_t bad[][2] = {
		{ 2, 99 }, { 7, 0 }, { 0, 0 }, { 4, 100 }, { 6, 255 },
	};
	struct stun_error error;

	stun_put_error_code(&self->b, 400, "");
	TURN_ROUND();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(self->buf + 26, bad[i], 2);
		EXPECT_EQ(-EBADMSG, stun_get_error_code(&self->msg, &error));
	}
	memcpy(self->buf + 26, "\x03\x00", 2);
	EXPECT_EQ(0, stun_get_error_code(&self->msg, &error));
	EXPECT_EQ(300, error.code);
	memcpy(self->buf + 26, "\x06\x63", 2);
	EXPECT_EQ(0, stun_get_error_code(&self->msg, &error));
	EXPECT_EQ(699, error.code);
}

TEST_F(attributes, error_code_out_of_range_is_not_built)
{
	stun_put_error_code(&self->b, 700, NULL);
	EXPECT_EQ(-EINVAL, stun_build_end(&self->b));
	stun_build(&self->b, self->buf, sizeof(self->buf), STUN_ERROR,
		   STUN_ALLOCATE, &txid);
	stun_put_error_code(&self->b, 299, NULL);
	EXPECT_EQ(-EINVAL, stun_build_end(&self->b));
}

TEST_F(attributes, address_error_code)
{
	struct stun_error error;

	stun_put_address_error_code(&self->b, STUN_FAMILY_IPV6, 440, "no");
	TURN_ROUND();
	VALUE_IS(2, 0, 4, 40, 'n', 'o');
	ASSERT_EQ(0, stun_get_address_error_code(&self->msg, &error));
	EXPECT_EQ(440, error.code);
	EXPECT_EQ(STUN_FAMILY_IPV6, error.family);
	EXPECT_EQ(2, error.reason.len);
}

TEST_F(attributes, icmp)
{
	struct stun_icmp in = { .type = 3, .code = 4, .data = 1400 }, out;

	stun_put_icmp(&self->b, &in);
	TURN_ROUND();
	VALUE_IS(0, 0, 3, 4, 0, 0, 0x05, 0x78);
	ASSERT_EQ(0, stun_get_icmp(&self->msg, &out));
	EXPECT_EQ(in.type, out.type);
	EXPECT_EQ(in.code, out.code);
	EXPECT_EQ(in.data, out.data);
}

TEST_F(attributes, unknown_attributes)
{
	const uint16_t in[] = { 0x0003, 0x7fff, 0x0026 };
	uint16_t out[8] = { 0 };

	stun_put_unknown_attributes(&self->b, in, 3);
	TURN_ROUND();
	VALUE_IS(0x00, 0x03, 0x7f, 0xff, 0x00, 0x26);
	EXPECT_EQ(28 + 4, self->msg.len);
	ASSERT_EQ(3, stun_get_unknown_attributes(&self->msg, out, 8));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	EXPECT_EQ(2, stun_get_unknown_attributes(&self->msg, out, 2));
}

TEST_F(attributes, password_algorithm)
{
	struct stun_password_algorithm algorithm;

	stun_put_password_algorithm(&self->b, STUN_PASSWORD_SHA256);
	TURN_ROUND();
	VALUE_IS(0, 2, 0, 0);
	ASSERT_EQ(0, stun_get_password_algorithm(&self->msg, &algorithm));
	EXPECT_EQ(STUN_PASSWORD_SHA256, algorithm.number);
	EXPECT_EQ(0, algorithm.parameters.len);
}

TEST_F(attributes, password_algorithm_with_more_than_one)
{
	struct stun_password_algorithm algorithm;

	stun_put_bytes(&self->b, STUN_ATTR_PASSWORD_ALGORITHM,
		       "\0\1\0\0\0\2\0\0", 8);
	TURN_ROUND();
	EXPECT_EQ(-EBADMSG,
		  stun_get_password_algorithm(&self->msg, &algorithm));
}

TEST_F(attributes, password_algorithms)
{
	const uint16_t in[] = { STUN_PASSWORD_SHA256, STUN_PASSWORD_MD5 };
	struct stun_password_algorithm algorithm;
	struct stun_bytes value;
	struct stun_reader list;

	stun_put_password_algorithms(&self->b, in, 2);
	TURN_ROUND();
	VALUE_IS(0, 2, 0, 0, 0, 1, 0, 0);
	ASSERT_EQ(0, stun_get_bytes(&self->msg, STUN_ATTR_PASSWORD_ALGORITHMS,
				    &value));
	list = stun_reader(value.data, value.len);
	for (size_t i = 0; i < 2; i++) {
		ASSERT_EQ(1, stun_next_password_algorithm(&list, &algorithm));
		EXPECT_EQ(in[i], algorithm.number);
	}
	EXPECT_EQ(0, stun_next_password_algorithm(&list, &algorithm));
}

TEST(password_algorithms_with_parameters)
{
	static const uint8_t value[] = {
		0x00, 0x09, 0x00, 0x05, 'a', 'b', 'c', 'd', 'e', 0, 0, 0,
		0x00, 0x0a, 0x00, 0x01, 'x',	/* padding left out */
	};
	struct stun_reader list = stun_reader(value, sizeof(value));
	struct stun_password_algorithm algorithm;

	ASSERT_EQ(1, stun_next_password_algorithm(&list, &algorithm));
	EXPECT_EQ(9, algorithm.number);
	EXPECT_EQ(5, algorithm.parameters.len);
	EXPECT_EQ(0, memcmp("abcde", algorithm.parameters.data, 5));
	ASSERT_EQ(1, stun_next_password_algorithm(&list, &algorithm));
	EXPECT_EQ(10, algorithm.number);
	EXPECT_EQ(1, algorithm.parameters.len);
	EXPECT_EQ(0, stun_next_password_algorithm(&list, &algorithm));

	/* Cut anywhere inside an entry, it is malformed and stays so. */
	for (size_t len = 1; len < 9; len++) {
		list = stun_reader(value, len);
		EXPECT_EQ(-EBADMSG,
			  stun_next_password_algorithm(&list, &algorithm));
		EXPECT_EQ(-EBADMSG,
			  stun_next_password_algorithm(&list, &algorithm));
	}
}

static const uint16_t address_types[] = {
	STUN_ATTR_MAPPED_ADDRESS, STUN_ATTR_ALTERNATE_SERVER,
	STUN_ATTR_XOR_MAPPED_ADDRESS, STUN_ATTR_XOR_PEER_ADDRESS,
	STUN_ATTR_XOR_RELAYED_ADDRESS,
};

#define ADDRESS_TYPES (sizeof(address_types) / sizeof(address_types[0]))

TEST_F(attributes, addresses)
{
	static const char *const texts[] = {
		"192.0.2.1:32853", "[2001:db8:1:2:3:4:5:6]:1",
		"0.0.0.0:0", "255.255.255.255:65535",
	};
	struct transport_addr in, out;

	for (size_t t = 0; t < ADDRESS_TYPES; t++) {
		for (size_t i = 0; i < 4; i++) {
			ASSERT_EQ(0, transport_addr_parse(&in, texts[i]));
			memset(&out, 0xff, sizeof(out));
			stun_build(&self->b, self->buf, sizeof(self->buf),
				   STUN_REQUEST, STUN_ALLOCATE, &txid);
			stun_put_address(&self->b, address_types[t], &in);
			TURN_ROUND();
			ASSERT_EQ(0, stun_get_address(&self->msg,
						      address_types[t], &out));
			EXPECT_TRUE(transport_addr_equal(&in, &out));
		}
	}
}

TEST_F(attributes, plain_addresses_are_not_xored)
{
	struct transport_addr addr;

	ASSERT_EQ(0, transport_addr_parse(&addr, "192.0.2.1:258"));
	stun_put_address(&self->b, STUN_ATTR_MAPPED_ADDRESS, &addr);
	TURN_ROUND();
	VALUE_IS(0, 1, 1, 2, 192, 0, 2, 1);
}

TEST_F(attributes, no_address_is_not_built)
{
	const struct transport_addr none = { 0 };

	stun_put_address(&self->b, STUN_ATTR_XOR_MAPPED_ADDRESS, &none);
	EXPECT_EQ(-EINVAL, stun_build_end(&self->b));
}

/* Family and length must agree; the reserved byte must not matter. */
TEST_F(attributes, address_family_and_length)
{
	static const struct {
		uint8_t reserved, family;
		size_t len;
		int want;
	} cases[] = {
		{ 0, 1, 8, 0 },		{ 0, 2, 20, 0 },
		{ 255, 1, 8, 0 },	{ 255, 2, 20, 0 },
		{ 0, 2, 8, -EBADMSG },	{ 0, 1, 20, -EBADMSG },
		{ 0, 1, 12, -EBADMSG },	{ 0, 2, 16, -EBADMSG },
		{ 0, 0, 8, -EBADMSG },	{ 0, 3, 20, -EBADMSG },
		{ 0, 255, 20, -EBADMSG },
	};
	struct transport_addr addr;
	uint8_t value[20] = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		value[0] = cases[i].reserved;
		value[1] = cases[i].family;
		stun_build(&self->b, self->buf, sizeof(self->buf), STUN_REQUEST,
			   STUN_ALLOCATE, &txid);
		stun_put_bytes(&self->b, STUN_ATTR_XOR_PEER_ADDRESS, value,
			       cases[i].len);
		TURN_ROUND();
		EXPECT_EQ(cases[i].want,
			  stun_get_address(&self->msg,
					   STUN_ATTR_XOR_PEER_ADDRESS, &addr));
	}
}

/* Lengths that each type allows: shortest, longest, step. */
static const struct {
	uint16_t type;
	size_t min, max, step;
	const char *name;
} lengths[] = {
	{ STUN_ATTR_MAPPED_ADDRESS, 8, 20, 4, "MAPPED-ADDRESS" },
	{ STUN_ATTR_USERNAME, 0, 763, 1, "USERNAME" },
	{ STUN_ATTR_MESSAGE_INTEGRITY, 20, 20, 1, "MESSAGE-INTEGRITY" },
	{ STUN_ATTR_ERROR_CODE, 4, 767, 1, "ERROR-CODE" },
	{ STUN_ATTR_UNKNOWN_ATTRIBUTES, 0, 65534, 2, "UNKNOWN-ATTRIBUTES" },
	{ STUN_ATTR_REALM, 0, 763, 1, "REALM" },
	{ STUN_ATTR_NONCE, 0, 763, 1, "NONCE" },
	{ STUN_ATTR_MESSAGE_INTEGRITY_SHA256, 16, 32, 4,
	  "MESSAGE-INTEGRITY-SHA256" },
	{ STUN_ATTR_PASSWORD_ALGORITHM, 4, 65535, 1, "PASSWORD-ALGORITHM" },
	{ STUN_ATTR_USERHASH, 32, 32, 1, "USERHASH" },
	{ STUN_ATTR_XOR_MAPPED_ADDRESS, 8, 20, 4, "XOR-MAPPED-ADDRESS" },
	{ STUN_ATTR_PASSWORD_ALGORITHMS, 0, 65535, 1, "PASSWORD-ALGORITHMS" },
	{ STUN_ATTR_ALTERNATE_DOMAIN, 0, 255, 1, "ALTERNATE-DOMAIN" },
	{ STUN_ATTR_SOFTWARE, 0, 763, 1, "SOFTWARE" },
	{ STUN_ATTR_ALTERNATE_SERVER, 8, 20, 4, "ALTERNATE-SERVER" },
	{ STUN_ATTR_FINGERPRINT, 4, 4, 1, "FINGERPRINT" },
	{ STUN_ATTR_CHANNEL_NUMBER, 4, 4, 1, "CHANNEL-NUMBER" },
	{ STUN_ATTR_LIFETIME, 4, 4, 1, "LIFETIME" },
	{ STUN_ATTR_CONNECTION_ID, 4, 4, 1, "CONNECTION-ID" },
	{ STUN_ATTR_MOBILITY_TICKET, 0, 763, 1, "MOBILITY-TICKET" },
	{ STUN_ATTR_XOR_PEER_ADDRESS, 8, 20, 4, "XOR-PEER-ADDRESS" },
	{ STUN_ATTR_DATA, 0, 65535, 1, "DATA" },
	{ STUN_ATTR_XOR_RELAYED_ADDRESS, 8, 20, 4, "XOR-RELAYED-ADDRESS" },
	{ STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 4, 4, 1,
	  "REQUESTED-ADDRESS-FAMILY" },
	{ STUN_ATTR_EVEN_PORT, 1, 1, 1, "EVEN-PORT" },
	{ STUN_ATTR_REQUESTED_TRANSPORT, 4, 4, 1, "REQUESTED-TRANSPORT" },
	{ STUN_ATTR_DONT_FRAGMENT, 0, 0, 1, "DONT-FRAGMENT" },
	{ STUN_ATTR_RESERVATION_TOKEN, 8, 8, 1, "RESERVATION-TOKEN" },
	{ STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 4, 4, 1,
	  "ADDITIONAL-ADDRESS-FAMILY" },
	{ STUN_ATTR_ADDRESS_ERROR_CODE, 4, 767, 1, "ADDRESS-ERROR-CODE" },
	{ STUN_ATTR_ICMP, 8, 8, 1, "ICMP" },
	{ STUN_ATTR_DRAFT_ADDITIONAL_ADDRESS_FAMILY, 4, 4, 1,
	  "ADDITIONAL-ADDRESS-FAMILY" },
	{ STUN_ATTR_CHANGE_REQUEST, 4, 4, 1, "CHANGE-REQUEST" },
	{ STUN_ATTR_PADDING, 0, 65535, 1, "PADDING" },
	{ STUN_ATTR_RESPONSE_PORT, 2, 4, 2, "RESPONSE-PORT" },
	{ STUN_ATTR_RESPONSE_ORIGIN, 8, 20, 4, "RESPONSE-ORIGIN" },
	{ STUN_ATTR_OTHER_ADDRESS, 8, 20, 4, "OTHER-ADDRESS" },
	{ STUN_ATTR_ORIGIN, 0, 763, 1, "ORIGIN" },
	{ STUN_ATTR_ACCESS_TOKEN, 0, 65535, 1, "ACCESS-TOKEN" },
	{ STUN_ATTR_THIRD_PARTY_AUTHORIZATION, 0, 763, 1,
	  "THIRD-PARTY-AUTHORIZATION" },
};

#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

TEST(length_rules)
{
	for (size_t i = 0; i < LENGTHS; i++) {
		EXPECT_TRUE(stun_attr_decoded(lengths[i].type));
		EXPECT_STREQ(lengths[i].name, stun_attr_name(lengths[i].type));
		for (size_t len = 0; len <= UINT16_MAX; len++) {
			bool want = len >= lengths[i].min &&
				    len <= lengths[i].max &&
				    len % lengths[i].step == 0;

			ASSERT_EQ(want, stun_attr_len_valid(lengths[i].type,
							    len));
		}
	}
}

/* One attribute of every type and small length, written by hand. */
TEST_F(attributes, wrong_length_is_told_and_absent)
{
	struct stun_message *msg = &self->msg;
	struct stun_writer w;
	struct stun_bytes value;

	for (size_t i = 0; i < LENGTHS; i++) {
		for (size_t len = 0; len <= 40; len++) {
			bool valid = stun_attr_len_valid(lengths[i].type, len);

			stun_build(&self->b, self->buf, sizeof(self->buf),
				   STUN_REQUEST, STUN_ALLOCATE, &txid);
			w = self->b.w;
			stun_write_u16(&w, lengths[i].type);
			stun_write_u16(&w, (uint16_t)len);
			stun_write_zeros(&w, len + stun_attr_padding(len));
			self->b.w = w;

			ASSERT_EQ(valid ? STUN_OK : STUN_BAD_ATTRIBUTE,
				  turn_round(&self->b, msg));
			ASSERT_EQ(valid ? 0 : lengths[i].type,
				  msg->bad_attribute);
			ASSERT_EQ(valid, stun_has(msg, lengths[i].type));
			ASSERT_EQ(valid ? 0 : -ENOENT,
				  stun_get_bytes(msg, lengths[i].type, &value));
		}
	}
}

TEST_F(attributes, wrong_length_is_not_built)
{
	stun_put_bytes(&self->b, STUN_ATTR_LIFETIME, "abc", 3);
	stun_put_lifetime(&self->b, 600);
	EXPECT_EQ(-EINVAL, stun_build_end(&self->b));
}

TEST(names)
{
	static const struct {
		uint16_t type;
		const char *name;
	} only_names[] = {
		{ 0x0024, "PRIORITY" }, { 0x0025, "USE-CANDIDATE" },
		{ 0x8029, "ICE-CONTROLLED" },
		{ 0x802a, "ICE-CONTROLLING" },
	};
	size_t known = 0, decoded = 0;

	for (size_t i = 0; i < sizeof(only_names) / sizeof(only_names[0]); i++) {
		EXPECT_STREQ(only_names[i].name,
			     stun_attr_name(only_names[i].type));
		EXPECT_FALSE(stun_attr_decoded(only_names[i].type));
	}
	for (unsigned int type = 0; type <= UINT16_MAX; type++) {
		known += strcmp(stun_attr_name((uint16_t)type), "unknown") != 0;
		decoded += stun_attr_decoded((uint16_t)type);
	}
	EXPECT_EQ(LENGTHS, decoded);
	EXPECT_EQ(LENGTHS + sizeof(only_names) / sizeof(only_names[0]), known);
}

TEST(error_reasons)
{
	EXPECT_STREQ("Unauthenticated", stun_error_reason(401));
	EXPECT_STREQ("Allocation Mismatch", stun_error_reason(437));
	EXPECT_STREQ("Insufficient Capacity", stun_error_reason(508));
	EXPECT_STREQ("Error", stun_error_reason(499));
}

TEST_HARNESS_MAIN
