/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold for any bytes that arrive, whoever made them: used by the
 * fuzzer, and by a unit test over mutated messages. A violation aborts; reads
 * out of bounds are the sanitizers' to find, so the caller puts the bytes at
 * the end of an allocation of their size.
 */
#ifndef KTURN_TESTS_STUN_ORACLE_H
#define KTURN_TESTS_STUN_ORACLE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "stun/builder.h"
#include "stun/channel_data.h"
#include "stun/demux.h"
#include "stun/fingerprint.h"
#include "stun/integrity.h"
#include "stun/message.h"

#define ORACLE(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, \
			__LINE__, #condition); \
		abort(); \
	} \
} while (0)

/* Read every byte, so that a value outside the datagram is found out. */
static inline void oracle_touch(const struct stun_message *msg,
				struct stun_bytes value)
{
	volatile uint8_t sum = 0;

	if (value.len == 0)
		return;
	ORACLE(value.data >= msg->data + STUN_HEADER_LEN);
	ORACLE(value.data + value.len <= msg->data + msg->len);
	for (size_t i = 0; i < value.len; i++)
		sum = (uint8_t)(sum + value.data[i]);
}

static inline bool oracle_errno(int ret)
{
	return ret >= 0 || ret == -ENOENT || ret == -EBADMSG;
}

static inline void oracle_addresses(const struct stun_message *msg)
{
	struct stun_reader attrs = stun_attr_reader(msg);
	struct transport_addr addr, back;
	char text[TRANSPORT_ADDR_STRLEN];
	int ret;

	while ((ret = stun_next_peer_address(msg, &attrs, &addr)) > 0) {
		transport_addr_print(&addr, text);
		ORACLE(transport_addr_parse(&back, text) == 0);
		ORACLE(transport_addr_equal(&addr, &back));
	}
	ORACLE(oracle_errno(ret));
	ORACLE(oracle_errno(stun_get_address(msg, STUN_ATTR_MAPPED_ADDRESS,
					     &addr)));
	ORACLE(oracle_errno(stun_get_address(msg, STUN_ATTR_XOR_PEER_ADDRESS,
					     &addr)));
}

static inline void oracle_values(const struct stun_message *msg)
{
	struct stun_password_algorithm algorithm;
	uint8_t token[STUN_RESERVATION_TOKEN_LEN];
	uint16_t number, types[4];
	struct stun_bytes value;
	struct stun_error error;
	struct stun_reader list;
	struct stun_icmp icmp;
	uint32_t seconds;
	uint8_t byte;
	bool flag;

	ORACLE(oracle_errno(stun_get_channel_number(msg, &number)));
	ORACLE(oracle_errno(stun_get_lifetime(msg, &seconds)));
	ORACLE(oracle_errno(stun_get_requested_transport(msg, &byte)));
	ORACLE(oracle_errno(stun_get_address_family(msg,
			STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &byte)));
	ORACLE(oracle_errno(stun_get_even_port(msg, &flag)));
	ORACLE(oracle_errno(stun_get_reservation_token(msg, token)));
	ORACLE(oracle_errno(stun_get_icmp(msg, &icmp)));
	ORACLE(oracle_errno(stun_get_unknown_attributes(msg, types, 4)));
	if (stun_get_error_code(msg, &error) == 0) {
		ORACLE(error.code >= 300 && error.code <= 699);
		oracle_touch(msg, error.reason);
	}
	if (stun_get_address_error_code(msg, &error) == 0)
		oracle_touch(msg, error.reason);
	if (stun_get_password_algorithm(msg, &algorithm) == 0)
		oracle_touch(msg, algorithm.parameters);
	if (stun_get_bytes(msg, STUN_ATTR_PASSWORD_ALGORITHMS, &value) == 0) {
		list = stun_reader(value.data, value.len);
		while (stun_next_password_algorithm(&list, &algorithm) > 0)
			oracle_touch(msg, algorithm.parameters);
	}
}

/* Both have the same attributes before integrity and FINGERPRINT. */
static inline void oracle_same(const struct stun_message *a,
			       const struct stun_message *b)
{
	struct stun_bytes va, vb;

	ORACLE(a->unknown_count == b->unknown_count);
	for (int slot = 0; slot < STUN_ATTR_SLOTS; slot++) {
		uint16_t type = (uint16_t)((slot & 0x3f) | (slot & 0x40) << 9);

		ORACLE(stun_attr_slot(type) == slot);
		if (stun_attr_closing_rank(type))
			continue;
		ORACLE(stun_has(a, type) == stun_has(b, type));
		if (!stun_has(a, type))
			continue;
		ORACLE(stun_get_bytes(a, type, &va) == 0);
		ORACLE(stun_get_bytes(b, type, &vb) == 0);
		ORACLE(va.len == vb.len);
		ORACLE(!va.len || memcmp(va.data, vb.data, va.len) == 0);
	}
}

/*
 * Built again from its attributes, a message must read as the same message.
 * Malformed attributes cannot be built, so those are left out.
 */
static inline void oracle_rebuild(const struct stun_message *msg)
{
	static uint8_t buf[STUN_MESSAGE_MAX];
	struct stun_reader attrs = stun_attr_reader(msg);
	struct stun_message again;
	struct stun_builder b;
	struct stun_attr attr;
	ssize_t len;
	int ret;

	stun_build(&b, buf, sizeof(buf), msg->class, msg->method, &msg->txid);
	while ((ret = stun_next_attr(&attrs, &attr)) > 0) {
		oracle_touch(msg, attr.value);
		if (!stun_attr_decoded(attr.type) ||
		    stun_attr_len_valid(attr.type, attr.value.len))
			stun_put_bytes(&b, attr.type, attr.value.data,
				       attr.value.len);
	}
	ORACLE(ret == 0);
	len = stun_build_end(&b);
	ORACLE(len >= STUN_HEADER_LEN && (size_t)len <= msg->len);
	ORACLE(stun_message_decode(&again, buf, (size_t)len) == STUN_OK);
	oracle_same(msg, &again);
}

/* Return: was it STUN? */
static inline bool stun_oracle(struct stun_crypto *crypto, const uint8_t *data,
			       size_t len)
{
	const struct stun_key key = { .len = 16 };
	enum stun_decode_result result;
	struct stun_message msg;
	struct channel_data cd;
	ssize_t frame;

	frame = stun_frame_len(data, len, true);
	ORACLE(frame == -EBADMSG || (frame >= 0 && frame <= 65552));
	if (channel_data_parse(&cd, data, len) == 0)
		ORACLE(cd.payload + cd.len <= data + len);

	result = stun_message_decode(&msg, data, len);
	if (result == STUN_NOT_STUN)
		return false;
	/* Methods from 0x100 on are STUN but no longer told as such (RFC 7983). */
	ORACLE(data[0] > 3 || frame == (ssize_t)len);
	ORACLE((result == STUN_BAD_ATTRIBUTE) == (msg.bad_attribute != 0));
	ORACLE(msg.unknown_count <= STUN_UNKNOWN_MAX);
	oracle_values(&msg);
	oracle_addresses(&msg);
	oracle_rebuild(&msg);
	ORACLE(oracle_errno(stun_check_fingerprint(&msg)));
	ORACLE(oracle_errno(stun_check_integrity(crypto, &msg, STUN_HMAC_SHA1,
						 &key)));
	ORACLE(oracle_errno(stun_check_integrity(crypto, &msg, STUN_HMAC_SHA256,
						 &key)));
	return true;
}

#endif /* KTURN_TESTS_STUN_ORACLE_H */
