// SPDX-License-Identifier: BSD-3-Clause
#include "net/stream_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stun/demux.h"

size_t stream_in_begin(struct stream_in *in, uint8_t *buf)
{
	size_t len = in->len;

	if (!len)
		return 0;
	memcpy(buf, in->held, len);
	stream_in_free(in);
	return len;
}

ssize_t stream_in_next(const uint8_t *buf, size_t len, size_t max,
		       bool rfc5766)
{
	ssize_t frame = stun_frame_len(buf, len, rfc5766);

	if (frame <= 0)
		return frame;
	if ((size_t)frame > max)
		return -EMSGSIZE;
	return (size_t)frame > len ? 0 : frame;
}

int stream_in_keep(struct stream_in *in, const uint8_t *buf, size_t len)
{
	if (!len)
		return 0;
	in->held = malloc(len);
	if (!in->held)
		return -ENOMEM;
	memcpy(in->held, buf, len);
	in->len = len;
	return 0;
}

void stream_in_free(struct stream_in *in)
{
	free(in->held);
	*in = (struct stream_in){ 0 };
}
