// SPDX-License-Identifier: BSD-3-Clause
#include "userdb/utf8.h"

#include <stddef.h>
#include <stdint.h>

/* The forms of RFC 3629, section 4, by their first byte. */
static const struct form {
	uint8_t first, last;		/* of the first byte */
	uint8_t low, high;		/* of the second */
	size_t tail;			/* bytes after the first */
} forms[] = {
	{ 0x01, 0x7f, 0x00, 0x00, 0 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 1 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 2 },
	{ 0xe1, 0xec, 0x80, 0xbf, 2 },
	{ 0xed, 0xed, 0x80, 0x9f, 2 },
	{ 0xee, 0xef, 0x80, 0xbf, 2 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 3 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 3 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 3 },
};

static const struct form *form_of(uint8_t first)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (first >= forms[i].first && first <= forms[i].last)
			return &forms[i];
	return NULL;
}

bool utf8_valid(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;

	while (*p) {
		const struct form *form = form_of(*p++);

		if (!form)
			return false;
		for (size_t i = 0; i < form->tail; i++, p++) {
			uint8_t low = i ? 0x80 : form->low;
			uint8_t high = i ? 0xbf : form->high;

			if (*p < low || *p > high)
				return false;
		}
	}
	return true;
}
