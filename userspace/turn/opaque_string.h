/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The OpaqueString profile (RFC 8265, section 4.2), which makes one string of
 * the ways to write a user name, a realm or a password: RFC 8489 hashes and
 * compares nothing else.
 */
#ifndef KTURN_TURN_OPAQUE_STRING_H
#define KTURN_TURN_OPAQUE_STRING_H

#include "stun/reader.h"

/* No prepared text is longer than this, in bytes. */
#define OPAQUE_STRING_MAX 1024

/**
 * opaque_string() - prepare a text
 * @text: UTF-8
 * @buf: room for the prepared text
 * @prepared: filled: @text itself where it is ASCII, as nearly all are, and
 *	needs no change; else what was written to @buf
 *
 * Return: 0, -EINVAL if the text is empty, -EMSGSIZE if it is too long,
 * -EILSEQ if it is not UTF-8 or has characters that FreeformClass of RFC 8264
 * does not allow: control characters, invisible ones, unassigned ones.
 */
int opaque_string(struct stun_bytes text, uint8_t buf[static OPAQUE_STRING_MAX],
		  struct stun_bytes *prepared);

#endif /* KTURN_TURN_OPAQUE_STRING_H */
