// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>

#include "stun/message.h"

/*
 * RFC 8489, section 5: everything a STUN header must be. Leaves the reader at
 * the first attribute.
 */
static bool read_header(struct stun_message *msg, struct stun_reader *r)
{
	uint16_t type = stun_read_u16(r);
	uint16_t body = stun_read_u16(r);
	uint32_t cookie = stun_read_u32(r);
	const uint8_t *txid = stun_read_bytes(r, STUN_TXID_LEN);

	if (!stun_reader_ok(r) || type >= 0x4000 || body % 4 != 0 ||
	    body != r->left || cookie != STUN_MAGIC_COOKIE)
		return false;

	memcpy(msg->txid.bytes, txid, STUN_TXID_LEN);
	msg->class = stun_type_class(type);
	msg->method = stun_type_method(type);
	return true;
}

static void forget_attributes(struct stun_message *msg)
{
	msg->bad_attribute = 0;
	msg->unknown_count = 0;
	msg->attrs_end = 0;
	memset(msg->present, 0, sizeof(msg->present));
}

static bool slot_present(const struct stun_message *msg, int slot)
{
	return msg->present[slot / 64] >> (slot % 64) & 1;
}

static void note_unknown(struct stun_message *msg, uint16_t type)
{
	for (int i = 0; i < msg->unknown_count; i++)
		if (msg->unknown[i] == type)
			return;
	if (msg->unknown_count < STUN_UNKNOWN_MAX)
		msg->unknown[msg->unknown_count++] = type;
}

static void note_attr(struct stun_message *msg, const struct stun_attr *attr,
		      size_t offset)
{
	int slot = stun_attr_slot(attr->type);

	if (slot < 0 || !stun_attr_decoded(attr->type)) {
		if (stun_attr_required(attr->type))
			note_unknown(msg, attr->type);
		return;
	}
	if (!stun_attr_len_valid(attr->type, attr->value.len)) {
		if (!msg->bad_attribute)
			msg->bad_attribute = attr->type;
		return;
	}
	if (slot_present(msg, slot))
		return;
	msg->present[slot / 64] |= (uint64_t)1 << (slot % 64);
	msg->ref[slot].offset = (uint16_t)offset;
	msg->ref[slot].len = (uint16_t)attr->value.len;
}

enum stun_decode_result stun_message_decode(struct stun_message *msg,
					    const void *data, size_t len)
{
	struct stun_reader r = stun_reader(data, len);
	int closed = 0, rank, more;
	struct stun_attr attr;
	size_t body, offset;

	msg->data = data;
	msg->len = len;
	forget_attributes(msg);
	if (!read_header(msg, &r))
		return STUN_NOT_STUN;

	body = r.left;
	for (offset = 0; (more = stun_next_attr(&r, &attr)) > 0;
	     offset = body - r.left) {
		rank = stun_attr_closing_rank(attr.type);
		if (closed && rank <= closed)
			continue;
		closed = rank;
		note_attr(msg, &attr, offset + STUN_ATTR_HEADER_LEN);
		if (!closed)
			msg->attrs_end = (uint16_t)(body - r.left);
	}
	if (more < 0) {
		forget_attributes(msg);
		return STUN_BAD_FRAMING;
	}
	return msg->bad_attribute ? STUN_BAD_ATTRIBUTE : STUN_OK;
}

/* The bytes behind the header, up to @end. */
static struct stun_reader body_reader(const struct stun_message *msg, size_t end)
{
	struct stun_reader r = stun_reader(msg->data, STUN_HEADER_LEN + end);

	stun_read_bytes(&r, STUN_HEADER_LEN);
	return r;
}

struct stun_reader stun_attr_reader(const struct stun_message *msg)
{
	return body_reader(msg, msg->attrs_end);
}

int stun_next_attr(struct stun_reader *attrs, struct stun_attr *attr)
{
	if (attrs->left == 0 && stun_reader_ok(attrs))
		return 0;
	attr->type = stun_read_u16(attrs);
	attr->value.len = stun_read_u16(attrs);
	attr->value.data = stun_read_bytes(attrs, attr->value.len);
	stun_read_bytes(attrs, stun_attr_padding(attr->value.len));
	return stun_reader_ok(attrs) ? 1 : -EBADMSG;
}

bool stun_has(const struct stun_message *msg, enum stun_attr_type type)
{
	int slot = stun_attr_slot((uint16_t)type);

	return slot >= 0 && slot_present(msg, slot);
}

void stun_mark_present(struct stun_message *msg, enum stun_attr_type type,
		       bool present)
{
	int slot = stun_attr_slot((uint16_t)type);
	uint64_t bit;

	if (slot < 0)
		return;
	bit = (uint64_t)1 << (slot % 64);
	if (present)
		msg->present[slot / 64] |= bit;
	else
		msg->present[slot / 64] &= ~bit;
}

int stun_get_bytes(const struct stun_message *msg, enum stun_attr_type type,
		   struct stun_bytes *value)
{
	const struct stun_attr_ref *ref;
	struct stun_reader r;

	if (!stun_has(msg, type))
		return -ENOENT;
	ref = &msg->ref[stun_attr_slot((uint16_t)type)];
	r = body_reader(msg, (size_t)ref->offset + ref->len);
	stun_read_bytes(&r, ref->offset);
	value->len = ref->len;
	value->data = stun_read_bytes(&r, ref->len);
	return 0;
}

int stun_get_before(const struct stun_message *msg, enum stun_attr_type type,
		    struct stun_bytes *before)
{
	const struct stun_attr_ref *ref;

	if (!stun_has(msg, type))
		return -ENOENT;
	ref = &msg->ref[stun_attr_slot((uint16_t)type)];
	before->data = msg->data;
	before->len = STUN_HEADER_LEN + (size_t)ref->offset -
		      STUN_ATTR_HEADER_LEN;
	return 0;
}
