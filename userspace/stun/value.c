// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reading the values of single attributes. Each attribute's format stands
 * here once, and its counterpart in builder.c.
 */
#include <errno.h>
#include <string.h>

#include "stun/message.h"
#include "stun/value.h"

bool stun_address_is_xored(uint16_t type)
{
	return type == STUN_ATTR_XOR_MAPPED_ADDRESS ||
	       type == STUN_ATTR_XOR_PEER_ADDRESS ||
	       type == STUN_ATTR_XOR_RELAYED_ADDRESS;
}

void stun_address_xor(struct transport_addr *addr, const struct stun_txid *txid)
{
	static const uint8_t cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };
	size_t len = transport_addr_ip_len(addr);

	addr->port ^= STUN_MAGIC_COOKIE >> 16;
	for (size_t i = 0; i < len; i++)
		addr->ip[i] ^= i < 4 ? cookie[i] : txid->bytes[i - 4];
}

/* RFC 8489, sections 14.1 and 14.2: the family must go with the length. */
static int read_address(const struct stun_message *msg, uint16_t type,
			struct stun_bytes value, struct transport_addr *addr)
{
	struct stun_reader r = stun_reader(value.data, value.len);
	uint8_t reserved = stun_read_u8(&r);
	uint8_t family = stun_read_u8(&r);
	uint16_t port = stun_read_u16(&r);
	bool ipv4 = family == STUN_FAMILY_IPV4;
	const uint8_t *ip = stun_read_bytes(&r, ipv4 ? 4 : 16);

	(void)reserved;	/* "MUST be ignored by receivers" */
	if (!stun_reader_ok(&r) || r.left != 0 ||
	    (!ipv4 && family != STUN_FAMILY_IPV6))
		return -EBADMSG;

	transport_addr_from_ip(addr, ipv4 ? AF_INET : AF_INET6, ip, port);
	if (stun_address_is_xored(type))
		stun_address_xor(addr, &msg->txid);
	return 0;
}

int stun_get_address(const struct stun_message *msg, enum stun_attr_type type,
		     struct transport_addr *addr)
{
	struct stun_bytes value;
	int ret = stun_get_bytes(msg, type, &value);

	return ret ? ret : read_address(msg, (uint16_t)type, value, addr);
}

int stun_next_peer_address(const struct stun_message *msg,
			   struct stun_reader *attrs,
			   struct transport_addr *addr)
{
	struct stun_attr attr;
	int ret;

	while ((ret = stun_next_attr(attrs, &attr)) > 0) {
		if (attr.type != STUN_ATTR_XOR_PEER_ADDRESS)
			continue;
		ret = read_address(msg, attr.type, attr.value, addr);
		return ret ? ret : 1;
	}
	return ret;
}

/*
 * A reader over an attribute's value. The decoder has held its length against
 * the rules, so the fixed formats below cannot come up short.
 */
static int value_reader(const struct stun_message *msg,
			enum stun_attr_type type, struct stun_reader *r)
{
	struct stun_bytes value;
	int ret = stun_get_bytes(msg, type, &value);

	if (!ret)
		*r = stun_reader(value.data, value.len);
	return ret;
}

int stun_get_channel_number(const struct stun_message *msg, uint16_t *number)
{
	struct stun_reader r;
	int ret = value_reader(msg, STUN_ATTR_CHANNEL_NUMBER, &r);

	if (!ret)
		*number = stun_read_u16(&r);
	return ret;
}

static int get_u32(const struct stun_message *msg, enum stun_attr_type type,
		   uint32_t *value)
{
	struct stun_reader r;
	int ret = value_reader(msg, type, &r);

	if (!ret)
		*value = stun_read_u32(&r);
	return ret;
}

int stun_get_connection_id(const struct stun_message *msg, uint32_t *id)
{
	return get_u32(msg, STUN_ATTR_CONNECTION_ID, id);
}

int stun_get_lifetime(const struct stun_message *msg, uint32_t *seconds)
{
	return get_u32(msg, STUN_ATTR_LIFETIME, seconds);
}

int stun_get_requested_transport(const struct stun_message *msg,
				 uint8_t *protocol)
{
	struct stun_reader r;
	int ret = value_reader(msg, STUN_ATTR_REQUESTED_TRANSPORT, &r);

	if (!ret)
		*protocol = stun_read_u8(&r);
	return ret;
}

int stun_get_address_family(const struct stun_message *msg,
			    enum stun_attr_type type, uint8_t *family)
{
	struct stun_reader r;
	int ret = value_reader(msg, type, &r);

	if (!ret)
		*family = stun_read_u8(&r);
	return ret;
}

int stun_get_even_port(const struct stun_message *msg, bool *reserve)
{
	struct stun_reader r;
	int ret = value_reader(msg, STUN_ATTR_EVEN_PORT, &r);

	if (!ret)
		*reserve = stun_read_u8(&r) & 0x80;
	return ret;
}

int stun_get_reservation_token(const struct stun_message *msg,
			       uint8_t token[static STUN_RESERVATION_TOKEN_LEN])
{
	struct stun_bytes value;
	int ret = stun_get_bytes(msg, STUN_ATTR_RESERVATION_TOKEN, &value);

	if (!ret)
		memcpy(token, value.data, STUN_RESERVATION_TOKEN_LEN);
	return ret;
}

/*
 * ERROR-CODE and ADDRESS-ERROR-CODE differ in the first byte only, reserved in
 * the one and the family in the other (RFC 8489 14.8, RFC 8656 18.12).
 */
static int read_error(const struct stun_message *msg, enum stun_attr_type type,
		      struct stun_error *error)
{
	uint8_t first, class, number;
	struct stun_reader r;
	int ret = value_reader(msg, type, &r);

	if (ret)
		return ret;
	first = stun_read_u8(&r);
	stun_read_u8(&r);
	class = stun_read_u8(&r) & 7;
	number = stun_read_u8(&r);
	if (class < 3 || class > 6 || number > 99)
		return -EBADMSG;

	error->code = (uint16_t)(class * 100 + number);
	error->family = type == STUN_ATTR_ADDRESS_ERROR_CODE ? first : 0;
	error->reason.len = r.left;
	error->reason.data = stun_read_bytes(&r, r.left);
	return 0;
}

int stun_get_error_code(const struct stun_message *msg,
			struct stun_error *error)
{
	return read_error(msg, STUN_ATTR_ERROR_CODE, error);
}

int stun_get_address_error_code(const struct stun_message *msg,
				struct stun_error *error)
{
	return read_error(msg, STUN_ATTR_ADDRESS_ERROR_CODE, error);
}

int stun_get_change_request(const struct stun_message *msg, bool *change_ip,
			    bool *change_port)
{
	struct stun_reader r;
	int ret = value_reader(msg, STUN_ATTR_CHANGE_REQUEST, &r);
	uint32_t flags;

	if (ret)
		return ret;
	flags = stun_read_u32(&r);
	*change_ip = flags & 4;
	*change_port = flags & 2;
	return 0;
}

int stun_get_response_port(const struct stun_message *msg, uint16_t *port)
{
	struct stun_reader r;
	int ret = value_reader(msg, STUN_ATTR_RESPONSE_PORT, &r);

	if (!ret)
		*port = stun_read_u16(&r);
	return ret;
}

int stun_get_icmp(const struct stun_message *msg, struct stun_icmp *icmp)
{
	struct stun_reader r;
	int ret = value_reader(msg, STUN_ATTR_ICMP, &r);

	if (ret)
		return ret;
	stun_read_u16(&r);
	icmp->type = stun_read_u8(&r);
	icmp->code = stun_read_u8(&r);
	icmp->data = stun_read_u32(&r);
	return 0;
}

/*
 * The padding of the last parameters may be missing: RFC 8489 pads attribute
 * values outside their length, and nobody agrees on which of the two it is.
 */
int stun_next_password_algorithm(struct stun_reader *list,
				 struct stun_password_algorithm *algorithm)
{
	struct stun_password_algorithm next;
	size_t padding;

	if (list->left == 0 && stun_reader_ok(list))
		return 0;
	next.number = stun_read_u16(list);
	next.parameters.len = stun_read_u16(list);
	next.parameters.data = stun_read_bytes(list, next.parameters.len);
	padding = stun_attr_padding(next.parameters.len);
	stun_read_bytes(list, padding < list->left ? padding : list->left);
	if (!stun_reader_ok(list))
		return -EBADMSG;
	*algorithm = next;
	return 1;
}

int stun_get_password_algorithm(const struct stun_message *msg,
				struct stun_password_algorithm *algorithm)
{
	struct stun_password_algorithm only;
	struct stun_reader r;
	int ret = value_reader(msg, STUN_ATTR_PASSWORD_ALGORITHM, &r);

	if (ret)
		return ret;
	if (stun_next_password_algorithm(&r, &only) != 1 || r.left != 0)
		return -EBADMSG;
	*algorithm = only;
	return 0;
}

int stun_get_unknown_attributes(const struct stun_message *msg,
				uint16_t *types, size_t max)
{
	size_t count = 0;
	struct stun_reader r;
	int ret = value_reader(msg, STUN_ATTR_UNKNOWN_ATTRIBUTES, &r);

	if (ret)
		return ret;
	while (r.left && count < max)
		types[count++] = stun_read_u16(&r);
	return (int)count;
}
