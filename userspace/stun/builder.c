// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>

#include "stun/builder.h"
#include "stun/value.h"

void stun_build_fail(struct stun_builder *b, int error)
{
	if (!b->error)
		b->error = error;
}

void stun_build(struct stun_builder *b, void *buf, size_t cap,
		enum stun_class class, uint16_t method,
		const struct stun_txid *txid)
{
	/* The length field ends what fits, however large the buffer is. */
	b->w = stun_writer(buf, cap < STUN_MESSAGE_MAX ? cap : STUN_MESSAGE_MAX);
	b->txid = *txid;
	b->error = method > 0xfff ? -EINVAL : 0;
	b->closed = 0;

	stun_write_u16(&b->w, stun_type_pack(class, method));
	stun_write_u16(&b->w, 0);
	stun_write_u32(&b->w, STUN_MAGIC_COOKIE);
	stun_write_bytes(&b->w, txid->bytes, STUN_TXID_LEN);
}

void stun_build_set_length(struct stun_builder *b, size_t total)
{
	struct stun_writer field = stun_writer(b->w.buf, b->w.len);

	stun_write_space(&field, 2);
	stun_write_u16(&field, (uint16_t)(total - STUN_HEADER_LEN));
}

ssize_t stun_build_end(struct stun_builder *b)
{
	ssize_t len = stun_writer_end(&b->w);

	if (b->error)
		return b->error;
	if (len >= 0)
		stun_build_set_length(b, (size_t)len);
	return len;
}

uint8_t *stun_put_space(struct stun_builder *b, uint16_t type, size_t len)
{
	int rank = stun_attr_closing_rank(type);
	uint8_t *value;

	/* What a receiver would ignore or refuse must not leave unnoticed. */
	if ((b->closed && rank <= b->closed) || len > UINT16_MAX ||
	    (stun_attr_decoded(type) && !stun_attr_len_valid(type, len)))
		stun_build_fail(b, -EINVAL);
	if (b->error)
		return NULL;

	b->closed = rank;
	stun_write_u16(&b->w, type);
	stun_write_u16(&b->w, (uint16_t)len);
	value = stun_write_space(&b->w, len);
	stun_write_zeros(&b->w, stun_attr_padding(len));
	return b->w.failed ? NULL : value;
}

void stun_put_bytes(struct stun_builder *b, uint16_t type, const void *value,
		    size_t len)
{
	uint8_t *p = stun_put_space(b, type, len);

	if (p && len)
		memcpy(p, value, len);
}

void stun_put_string(struct stun_builder *b, uint16_t type, const char *text)
{
	stun_put_bytes(b, type, text, strlen(text));
}

void stun_put_flag(struct stun_builder *b, uint16_t type)
{
	stun_put_bytes(b, type, NULL, 0);
}

/* Value of fixed format: written into its space by a writer of its own. */
static struct stun_writer put_value(struct stun_builder *b, uint16_t type,
				    size_t len)
{
	uint8_t *value = stun_put_space(b, type, len);

	return (struct stun_writer){ .buf = value, .cap = len,
				     .failed = !value };
}

void stun_put_address(struct stun_builder *b, uint16_t type,
		      const struct transport_addr *addr)
{
	size_t ip_len = transport_addr_ip_len(addr);
	struct transport_addr wire = *addr;
	struct stun_writer w;

	if (!ip_len) {
		stun_build_fail(b, -EINVAL);
		return;
	}
	if (stun_address_is_xored(type))
		stun_address_xor(&wire, &b->txid);

	w = put_value(b, type, 4 + ip_len);
	stun_write_u8(&w, 0);
	stun_write_u8(&w, ip_len == 4 ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6);
	stun_write_u16(&w, wire.port);
	stun_write_bytes(&w, wire.ip, ip_len);
}

void stun_put_channel_number(struct stun_builder *b, uint16_t number)
{
	struct stun_writer w = put_value(b, STUN_ATTR_CHANNEL_NUMBER, 4);

	stun_write_u16(&w, number);
	stun_write_u16(&w, 0);
}

static void put_u32(struct stun_builder *b, uint16_t type, uint32_t v)
{
	struct stun_writer w = put_value(b, type, 4);

	stun_write_u32(&w, v);
}

void stun_put_connection_id(struct stun_builder *b, uint32_t id)
{
	put_u32(b, STUN_ATTR_CONNECTION_ID, id);
}

void stun_put_lifetime(struct stun_builder *b, uint32_t seconds)
{
	put_u32(b, STUN_ATTR_LIFETIME, seconds);
}

/* One byte that counts and three that are reserved. */
static void put_u8_reserved(struct stun_builder *b, uint16_t type, uint8_t v)
{
	struct stun_writer w = put_value(b, type, 4);

	stun_write_u8(&w, v);
	stun_write_zeros(&w, 3);
}

void stun_put_requested_transport(struct stun_builder *b, uint8_t protocol)
{
	put_u8_reserved(b, STUN_ATTR_REQUESTED_TRANSPORT, protocol);
}

void stun_put_address_family(struct stun_builder *b, uint16_t type,
			     uint8_t family)
{
	put_u8_reserved(b, type, family);
}

void stun_put_even_port(struct stun_builder *b, bool reserve)
{
	struct stun_writer w = put_value(b, STUN_ATTR_EVEN_PORT, 1);

	stun_write_u8(&w, reserve ? 0x80 : 0);
}

void stun_put_reservation_token(struct stun_builder *b,
		const uint8_t token[static STUN_RESERVATION_TOKEN_LEN])
{
	stun_put_bytes(b, STUN_ATTR_RESERVATION_TOKEN, token,
		       STUN_RESERVATION_TOKEN_LEN);
}

/* The counterpart of read_error() in value.c. */
static void put_error(struct stun_builder *b, uint16_t type, uint8_t first,
		      unsigned int code, const char *reason)
{
	struct stun_writer w;

	if (code < 300 || code > 699) {
		stun_build_fail(b, -EINVAL);
		return;
	}
	if (!reason)
		reason = stun_error_reason(code);
	w = put_value(b, type, 4 + strlen(reason));
	stun_write_u8(&w, first);
	stun_write_u8(&w, 0);
	stun_write_u8(&w, (uint8_t)(code / 100));
	stun_write_u8(&w, (uint8_t)(code % 100));
	stun_write_bytes(&w, reason, strlen(reason));
}

void stun_put_error_code(struct stun_builder *b, unsigned int code,
			 const char *reason)
{
	put_error(b, STUN_ATTR_ERROR_CODE, 0, code, reason);
}

void stun_put_address_error_code(struct stun_builder *b, uint8_t family,
				 unsigned int code, const char *reason)
{
	put_error(b, STUN_ATTR_ADDRESS_ERROR_CODE, family, code, reason);
}

void stun_put_icmp(struct stun_builder *b, const struct stun_icmp *icmp)
{
	struct stun_writer w = put_value(b, STUN_ATTR_ICMP, 8);

	stun_write_u16(&w, 0);
	stun_write_u8(&w, icmp->type);
	stun_write_u8(&w, icmp->code);
	stun_write_u32(&w, icmp->data);
}

void stun_put_unknown_attributes(struct stun_builder *b, const uint16_t *types,
				 size_t count)
{
	struct stun_writer w = put_value(b, STUN_ATTR_UNKNOWN_ATTRIBUTES,
					 2 * count);

	for (size_t i = 0; i < count; i++)
		stun_write_u16(&w, types[i]);
}

void stun_put_password_algorithm(struct stun_builder *b, uint16_t number)
{
	struct stun_writer w = put_value(b, STUN_ATTR_PASSWORD_ALGORITHM, 4);

	stun_write_u16(&w, number);
	stun_write_u16(&w, 0);
}

void stun_put_password_algorithms(struct stun_builder *b,
				  const uint16_t *numbers, size_t count)
{
	struct stun_writer w = put_value(b, STUN_ATTR_PASSWORD_ALGORITHMS,
					 4 * count);

	for (size_t i = 0; i < count; i++) {
		stun_write_u16(&w, numbers[i]);
		stun_write_u16(&w, 0);
	}
}
