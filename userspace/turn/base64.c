// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>

#include "turn/base64.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(char *text, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < len)
			v |= p[i + 2];
		*text++ = alphabet[v >> 18];
		*text++ = alphabet[v >> 12 & 63];
		*text++ = i + 1 < len ? alphabet[v >> 6 & 63] : '=';
		*text++ = i + 2 < len ? alphabet[v & 63] : '=';
	}
	*text = '\0';
}

int base64_decode_unpadded(void *data, const void *text, size_t text_len)
{
	const char *in = text;
	uint8_t *out = data;
	size_t i;

	if (text_len % 4)
		return -EINVAL;
	for (i = 0; i < text_len; i += 4) {
		uint32_t v = 0;
		size_t k;

		for (k = 0; k < 4; k++) {
			const char *at = memchr(alphabet, in[i + k],
						sizeof(alphabet) - 1);

			if (!at)
				return -EINVAL;
			v = v << 6 | (uint32_t)(at - alphabet);
		}
		*out++ = (uint8_t)(v >> 16);
		*out++ = (uint8_t)(v >> 8);
		*out++ = (uint8_t)v;
	}
	return 0;
}
