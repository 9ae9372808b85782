// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "stun/channel_data.h"
#include "stun/demux.h"
#include "stun/header.h"
#include "stun/reader.h"

ssize_t stun_frame_len(const void *data, size_t len, bool rfc5766)
{
	struct stun_reader r = stun_reader(data, len);
	enum stun_packet_kind kind = stun_packet_classify(data, len, rfc5766);
	uint16_t body;

	if (len == 0)
		return 0;
	if (kind == STUN_PACKET_OTHER)
		return -EBADMSG;

	stun_read_u16(&r);	/* message type or channel number */
	body = stun_read_u16(&r);
	if (!stun_reader_ok(&r))
		return 0;
	if (kind == STUN_PACKET_CHANNEL_DATA)
		return (ssize_t)channel_data_stream_len(body);

	/* A length that is no multiple of four cannot be STUN: out of step. */
	if (body % 4)
		return -EBADMSG;
	return STUN_HEADER_LEN + body;
}
