// SPDX-License-Identifier: BSD-3-Clause
#include "bench/payload.h"

#include <errno.h>

#include "stun/reader.h"

#define FLAG_MEASURED	1
#define STAMP_OFFSET	24

static uint8_t *put(uint8_t *p, uint64_t value, unsigned int bytes)
{
	while (bytes--)
		*p++ = (uint8_t)(value >> 8 * bytes);
	return p;
}

void payload_write(uint8_t header[static PAYLOAD_HEADER_LEN],
		   const struct payload *payload)
{
	uint8_t *p = header;

	p = put(p, PAYLOAD_MAGIC, 4);
	p = put(p, payload->run, 4);
	p = put(p, payload->flow, 4);
	p = put(p, payload->way, 1);
	p = put(p, payload->measured ? FLAG_MEASURED : 0, 1);
	p = put(p, payload->len, 2);
	p = put(p, payload->sequence, 8);
	put(p, payload->sent_ns, 8);
}

void payload_stamp(uint8_t header[static PAYLOAD_HEADER_LEN], uint64_t ns)
{
	put(header + STAMP_OFFSET, ns, 8);
}

static uint64_t read_u64(struct stun_reader *r)
{
	uint64_t high = stun_read_u32(r);

	return high << 32 | stun_read_u32(r);
}

int payload_read(struct payload *payload, const void *data, size_t len)
{
	struct stun_reader r = stun_reader(data, len);
	struct payload p;

	if (stun_read_u32(&r) != PAYLOAD_MAGIC)
		return -ENOMSG;
	p.run = stun_read_u32(&r);
	p.flow = stun_read_u32(&r);
	p.way = stun_read_u8(&r);
	p.measured = stun_read_u8(&r) & FLAG_MEASURED;
	p.len = stun_read_u16(&r);
	p.sequence = read_u64(&r);
	p.sent_ns = read_u64(&r);
	if (!stun_reader_ok(&r) || p.len != len)
		return -EBADMSG;
	*payload = p;
	return 0;
}
