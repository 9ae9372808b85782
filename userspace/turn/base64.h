/* SPDX-License-Identifier: BSD-3-Clause */
/* Base64 (RFC 4648, section 4), for nonces and TURN REST passwords. */
#ifndef KTURN_TURN_BASE64_H
#define KTURN_TURN_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Length of the text for @n bytes, with padding, without a terminating zero. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/**
 * base64_encode() - write bytes as text
 * @text: room for BASE64_LEN(@len) characters and a terminating zero
 * @data: the bytes
 * @len: how many
 */
void base64_encode(char *text, const void *data, size_t len);

/**
 * base64_decode_unpadded() - read text whose length is a multiple of four and
 * that has no padding
 * @data: room for @text_len / 4 * 3 bytes
 * @text: the text, strictly of the alphabet
 * @text_len: its length
 *
 * Return: 0 or -EINVAL.
 */
int base64_decode_unpadded(void *data, const void *text, size_t text_len);

#endif /* KTURN_TURN_BASE64_H */
