// SPDX-License-Identifier: BSD-3-Clause
#include "net/dtls_hello.h"

#include <string.h>

#include "stun/reader.h"
#include "stun/writer.h"

enum {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_HANDSHAKE = 22,
};

enum {
	HANDSHAKE_CLIENT_HELLO = 1,
	HANDSHAKE_HELLO_VERIFY_REQUEST = 3,
};

/* Of the HelloVerifyRequest, whatever will be agreed on later. */
#define DTLS_1_0 0xfeff

#define RECORD_HEADER_LEN 13
#define HANDSHAKE_HEADER_LEN 12

#define COOKIE_LIFE_MS 60000

/**
 * struct cookie_input - what a cookie says; hashed as memory
 * @client: client's transport address
 * @server: ours
 * @random: of the hello
 * @period: when
 */
struct cookie_input {
	struct transport_addr client;
	struct transport_addr server;
	uint8_t random[DTLS_RANDOM_LEN];
	uint64_t period;
};

_Static_assert(sizeof(struct cookie_input) ==
	       2 * sizeof(struct transport_addr) + DTLS_RANDOM_LEN + 8,
	       "no padding");

/* Type, version, then the epoch: 0 before there are keys. */
static bool in_the_clear(const uint8_t *buf, size_t len)
{
	return len > RECORD_HEADER_LEN && buf[3] == 0 && buf[4] == 0;
}

bool dtls_is_hello(const uint8_t *buf, size_t len)
{
	return in_the_clear(buf, len) && buf[0] == RECORD_HANDSHAKE &&
	       buf[RECORD_HEADER_LEN] == HANDSHAKE_CLIENT_HELLO;
}

bool dtls_is_handshake(const uint8_t *buf, size_t len)
{
	return in_the_clear(buf, len) || buf[0] == RECORD_HANDSHAKE ||
	       buf[0] == RECORD_CHANGE_CIPHER_SPEC;
}

static uint32_t read_u24(struct stun_reader *r)
{
	uint32_t high = stun_read_u8(r);

	return high << 16 | stun_read_u16(r);
}

/* The fragment of the handshake message that the record begins with. */
static struct stun_reader read_headers(struct dtls_hello *hello,
				       const uint8_t *buf, size_t len)
{
	struct stun_reader record = stun_reader(buf, len), message;
	uint32_t offset, fragment;
	const uint8_t *start;
	uint16_t body;

	stun_read_bytes(&record, 5);	/* type, version, epoch */
	hello->sequence = stun_read_bytes(&record, DTLS_SEQUENCE_LEN);
	body = stun_read_u16(&record);
	start = stun_read_bytes(&record, body);
	message = stun_reader(start, start ? body : 0);
	stun_read_bytes(&message, 6);	/* type, length, number */
	offset = read_u24(&message);
	fragment = read_u24(&message);
	if (offset || fragment > message.left)
		message.failed = true;
	else
		message.left = fragment;
	return message;
}

bool dtls_hello_parse(struct dtls_hello *hello, const uint8_t *buf, size_t len)
{
	struct stun_reader r;

	if (!dtls_is_hello(buf, len))
		return false;
	r = read_headers(hello, buf, len);
	if (!stun_reader_ok(&r))
		return false;
	stun_read_u16(&r);		/* version */
	hello->random = stun_read_bytes(&r, DTLS_RANDOM_LEN);
	stun_read_bytes(&r, stun_read_u8(&r));	/* session */
	hello->cookie_len = stun_read_u8(&r);
	hello->cookie = stun_read_bytes(&r, hello->cookie_len);
	return stun_reader_ok(&r);
}

static void make_cookie(const struct siphash_key *key,
			const struct turn_5tuple *tuple,
			const struct dtls_hello *hello, uint64_t period,
			uint8_t cookie[static DTLS_COOKIE_LEN])
{
	struct cookie_input input = {
		.client = tuple->client,
		.server = tuple->server,
		.period = period,
	};
	uint64_t hash;

	memcpy(input.random, hello->random, sizeof(input.random));
	hash = siphash(key, &input, sizeof(input));
	memcpy(cookie, &hash, DTLS_COOKIE_LEN);
}

static bool is_of(const struct siphash_key *key,
		  const struct turn_5tuple *tuple,
		  const struct dtls_hello *hello, uint64_t period)
{
	uint8_t cookie[DTLS_COOKIE_LEN];

	make_cookie(key, tuple, hello, period, cookie);
	return memcmp(cookie, hello->cookie, sizeof(cookie)) == 0;
}

bool dtls_cookie_good(const struct siphash_key *key,
		      const struct turn_5tuple *tuple,
		      const struct dtls_hello *hello, uint64_t now)
{
	uint64_t period = now / COOKIE_LIFE_MS;

	return hello->cookie_len == DTLS_COOKIE_LEN &&
	       (is_of(key, tuple, hello, period) ||
		is_of(key, tuple, hello, period - 1));
}

void dtls_hello_verify(const struct siphash_key *key,
		       const struct turn_5tuple *tuple,
		       const struct dtls_hello *hello, uint64_t now,
		       uint8_t out[static DTLS_VERIFY_LEN])
{
	struct stun_writer w = stun_writer(out, DTLS_VERIFY_LEN);
	uint8_t cookie[DTLS_COOKIE_LEN];
	size_t body = 2 + 1 + DTLS_COOKIE_LEN;

	make_cookie(key, tuple, hello, now / COOKIE_LIFE_MS, cookie);
	stun_write_u8(&w, RECORD_HANDSHAKE);
	stun_write_u16(&w, DTLS_1_0);
	stun_write_u16(&w, 0);		/* epoch */
	stun_write_bytes(&w, hello->sequence, DTLS_SEQUENCE_LEN);
	stun_write_u16(&w, (uint16_t)(HANDSHAKE_HEADER_LEN + body));
	stun_write_u32(&w, (uint32_t)(HANDSHAKE_HELLO_VERIFY_REQUEST << 24 |
				      body));
	stun_write_zeros(&w, 2 + 3);	/* number of the message, offset */
	stun_write_u8(&w, 0);
	stun_write_u16(&w, (uint16_t)body);	/* of the fragment: all */
	stun_write_u16(&w, DTLS_1_0);
	stun_write_u8(&w, DTLS_COOKIE_LEN);
	stun_write_bytes(&w, cookie, sizeof(cookie));
}
