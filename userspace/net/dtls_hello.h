/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first message of a DTLS client, and the cookie that proves its address
 * (RFC 6347, section 4.2.1). No state is kept, and nothing longer than the
 * message itself is answered, before the cookie has come back.
 *
 * A cookie is a keyed hash of the addresses, of the hello's own random bytes
 * and of the time, so it is good for this hello alone, and for a minute or two.
 */
#ifndef KTURN_NET_DTLS_HELLO_H
#define KTURN_NET_DTLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turn/siphash.h"
#include "turn/turn.h"

#define DTLS_RANDOM_LEN	32
#define DTLS_SEQUENCE_LEN 6
#define DTLS_COOKIE_LEN	8

/* A HelloVerifyRequest with such a cookie. */
#define DTLS_VERIFY_LEN	(13 + 12 + 2 + 1 + DTLS_COOKIE_LEN)

/**
 * struct dtls_hello - a ClientHello; points into the datagram
 * @sequence: number of its record
 * @random: DTLS_RANDOM_LEN bytes
 * @cookie: what is said to have come from here
 * @cookie_len: its length in bytes; 0 in a client's first hello
 */
struct dtls_hello {
	const uint8_t *sequence;
	const uint8_t *random;
	const uint8_t *cookie;
	size_t cookie_len;
};

/** dtls_is_record() - DTLS, by the first byte of a datagram (RFC 7983)? */
static inline bool dtls_is_record(const uint8_t *buf, size_t len)
{
	return len && buf[0] >= 20 && buf[0] <= 63;
}

/**
 * dtls_is_hello() - does a datagram begin with a ClientHello in the clear?
 * @buf: the datagram
 * @len: its length in bytes
 */
bool dtls_is_hello(const uint8_t *buf, size_t len);

/**
 * dtls_is_handshake() - does a datagram belong to a handshake?
 * @buf: the datagram
 * @len: its length in bytes
 *
 * Otherwise it belongs to what a handshake has established.
 */
bool dtls_is_handshake(const uint8_t *buf, size_t len);

/**
 * dtls_hello_parse() - read a ClientHello, or the first piece of one
 * @hello: filled
 * @buf: the datagram
 * @len: its length in bytes
 *
 * Return: is it one?
 */
bool dtls_hello_parse(struct dtls_hello *hello, const uint8_t *buf, size_t len);

/**
 * dtls_cookie_good() - did this client get this cookie from here?
 * @key: secret
 * @tuple: the addresses
 * @hello: the hello with the cookie
 * @now: the time in milliseconds
 */
bool dtls_cookie_good(const struct siphash_key *key,
		      const struct turn_5tuple *tuple,
		      const struct dtls_hello *hello, uint64_t now);

/**
 * dtls_hello_verify() - write the HelloVerifyRequest that answers a hello
 * @key: secret
 * @tuple: the addresses
 * @hello: the hello
 * @now: the time in milliseconds
 * @out: filled
 */
void dtls_hello_verify(const struct siphash_key *key,
		       const struct turn_5tuple *tuple,
		       const struct dtls_hello *hello, uint64_t now,
		       uint8_t out[static DTLS_VERIFY_LEN]);

#endif /* KTURN_NET_DTLS_HELLO_H */
