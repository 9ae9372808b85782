/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutated STUN messages, the same ones for the same seed. Most are given a
 * right length field again, so that they reach what lies behind the header.
 */
#ifndef KTURN_TESTS_STUN_MUTATE_H
#define KTURN_TESTS_STUN_MUTATE_H

#include "../unit/stun_vectors.h"
#include "stun/builder.h"

#define MUTANT_MAX 512

struct mutant {
	uint64_t random;	/* state of the generator, never 0 */
	uint8_t bytes[MUTANT_MAX];
	size_t len;
};

static inline uint32_t mutant_random(struct mutant *m, uint32_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (uint32_t)(m->random >> 32) % below;
}

/* A TURN request with many attributes; the vectors have few. */
static inline void mutant_from_turn(struct mutant *m)
{
	static const struct stun_txid txid = { "0123456789ab" };
	struct transport_addr peer;
	struct stun_builder b;
	ssize_t len;

	transport_addr_parse(&peer, "[2001:db8::1]:3478");
	stun_build(&b, m->bytes, sizeof(m->bytes), STUN_REQUEST, STUN_ALLOCATE,
		   &txid);
	stun_put_requested_transport(&b, 17);
	stun_put_lifetime(&b, 600);
	stun_put_address(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	transport_addr_parse(&peer, "192.0.2.1:9");
	stun_put_address(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	stun_put_even_port(&b, true);
	stun_put_error_code(&b, 420, NULL);
	stun_put_unknown_attributes(&b, (const uint16_t[]){ 1, 2, 3 }, 3);
	stun_put_password_algorithms(&b, (const uint16_t[]){ 1, 2 }, 2);
	stun_put_password_algorithm(&b, 2);
	stun_put_bytes(&b, STUN_ATTR_USERHASH, "of nobody, but thirty-two bytes.", 32);
	stun_put_string(&b, STUN_ATTR_ORIGIN, "https://example.org:443");
	stun_put_string(&b, STUN_ATTR_ACCESS_TOKEN, "sealed, one hopes");
	stun_put_icmp(&b, &(struct stun_icmp){ 3, 4, 1500 });
	stun_put_string(&b, STUN_ATTR_DATA, "some data");
	len = stun_build_end(&b);
	m->len = len < 0 ? 0 : (size_t)len;
}

static inline void mutant_change(struct mutant *m)
{
	static const uint8_t telling[] = { 0, 1, 3, 4, 0x7f, 0x80, 0xff };
	size_t at = mutant_random(m, (uint32_t)m->len);
	size_t word = at & ~(size_t)3;

	switch (mutant_random(m, 6)) {
	case 0:		/* a bit */
		m->bytes[at] ^= (uint8_t)(1 << mutant_random(m, 8));
		break;
	case 1:		/* a byte */
		m->bytes[at] = (uint8_t)mutant_random(m, 256);
		break;
	case 2:		/* a byte at which bounds turn */
		m->bytes[at] = telling[mutant_random(m, sizeof(telling))];
		break;
	case 3:		/* cut, more often between words than within */
		m->len = mutant_random(m, 4) ? word : at;
		if (m->len == 0)
			m->len = 1;
		break;
	case 4:		/* what looks like the header of some attribute */
		if (word < STUN_HEADER_LEN || word + 4 > m->len)
			break;
		m->bytes[word] = mutant_random(m, 2) ? 0x80 : 0;
		m->bytes[word + 1] = (uint8_t)mutant_random(m, 64);
		m->bytes[word + 2] = 0;
		m->bytes[word + 3] = (uint8_t)mutant_random(m, 40);
		break;
	case 5:		/* a piece twice */
		if (m->len + (m->len - word) > sizeof(m->bytes))
			break;
		memcpy(m->bytes + m->len, m->bytes + word, m->len - word);
		m->len += m->len - word;
		break;
	}
}

static inline void mutant_next(struct mutant *m)
{
	uint32_t from = mutant_random(m, VECTOR_COUNT + 3);
	uint32_t changes = 1 + mutant_random(m, 6);

	if (from < VECTOR_COUNT) {
		memcpy(m->bytes, vectors[from].data, vectors[from].len);
		m->len = vectors[from].len;
	} else {
		mutant_from_turn(m);
	}
	while (changes--)
		mutant_change(m);
	if (m->len >= STUN_HEADER_LEN && mutant_random(m, 8)) {
		m->bytes[2] = (uint8_t)((m->len - STUN_HEADER_LEN) >> 8);
		m->bytes[3] = (uint8_t)(m->len - STUN_HEADER_LEN);
	}
}

#endif /* KTURN_TESTS_STUN_MUTATE_H */
