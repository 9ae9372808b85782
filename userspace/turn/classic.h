/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients of RFC 3489, "classic STUN", whose messages have no magic cookie. */
#ifndef KTURN_TURN_CLASSIC_H
#define KTURN_TURN_CLASSIC_H

#include "turn/server.h"

/**
 * turn_serve_classic() - refuse what may be a request of theirs
 * @srv: the server
 * @tuple: it came on this 5-tuple
 * @buf: what came; no STUN as we know it
 * @len: its length in bytes
 * @now: the time
 *
 * Over DTLS they get 500 (RFC 8489, section 11), elsewhere nothing: anything
 * may look like a message without the magic cookie.
 *
 * Return: was it one?
 */
bool turn_serve_classic(struct turn_server *srv,
			const struct turn_5tuple *tuple, const uint8_t *buf,
			size_t len, uint64_t now);

#endif /* KTURN_TURN_CLASSIC_H */
