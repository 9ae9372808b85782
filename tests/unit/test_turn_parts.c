// SPDX-License-Identifier: BSD-3-Clause
/* The parts under the protocol: hash, table, timers, base64, nonces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "turn/base64.h"
#include "turn/nonce.h"
#include "turn/siphash.h"
#include "turn/table.h"
#include "turn/timers.h"

/* From the reference implementation: key 00..0f, message 00..(n-1). */
TEST(siphash_vectors)
{
	static const uint64_t expected[] = {
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
		0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
		0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
		0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
		0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee,
		0xa129ca6149be45e5,
	};
	struct siphash_key key;
	uint8_t bytes[16];
	size_t n;

	for (n = 0; n < sizeof(bytes); n++)
		bytes[n] = (uint8_t)n;
	memcpy(&key, bytes, sizeof(key));
	for (n = 0; n < sizeof(bytes); n++)
		EXPECT_EQ(expected[n], siphash(&key, bytes, n));
}

struct thing {
	struct turn_table_node node;
	unsigned int key;
};

static struct thing *find(const struct turn_table *t, unsigned int key,
			  unsigned int modulus)
{
	struct turn_table_node *n;

	for (n = turn_table_first(t, key % modulus); n; n = turn_table_next(n)) {
		struct thing *thing = container_of(n, struct thing, node);

		if (thing->key == key)
			return thing;
	}
	return NULL;
}

#define THINGS 10000u

static void fill_and_empty(struct __test_metadata *_metadata,
			   unsigned int modulus)
{
	struct thing *things = calloc(THINGS, sizeof(*things));
	struct turn_table t;
	unsigned int i;

	ASSERT_NE(NULL, things);
	ASSERT_EQ(0, turn_table_init(&t));
	for (i = 0; i < THINGS; i++) {
		things[i].key = i;
		turn_table_insert(&t, &things[i].node, i % modulus);
	}
	EXPECT_EQ(THINGS, t.count);
	EXPECT_LE(THINGS, t.mask + 1);
	for (i = 0; i < THINGS; i += 2)
		turn_table_remove(&t, &things[i].node);
	for (i = 0; i < THINGS; i++)
		ASSERT_EQ(i % 2 ? &things[i] : NULL, find(&t, i, modulus));
	turn_table_free(&t);
	free(things);
}

TEST(table)
{
	fill_and_empty(_metadata, THINGS);
}

TEST(table_with_equal_hashes)
{
	fill_and_empty(_metadata, 100);
}

/* As long as a 5-tuple: the last word is not full. */
#define KEY_LEN 42

static uint64_t hash_key(const uint8_t key[KEY_LEN])
{
	static const struct turn_table_secret secret = { {
		0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0,
		0x082efa98ec4e6c89, 0x452821e638d01377, 0xbe5466cf34e90c6c,
	} };

	return turn_table_hash(&secret, key, KEY_LEN);
}

TEST(table_hash_depends_on_each_bit)
{
	uint8_t key[KEY_LEN] = { 0 };
	const uint64_t hash = hash_key(key);
	size_t bit;

	for (bit = 0; bit < 8 * KEY_LEN; bit++) {
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		EXPECT_NE(hash, hash_key(key));
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	EXPECT_EQ(hash, hash_key(key));
}

/* Keys that differ in a counter only, as ports do, at any place. */
TEST(table_hash_spreads_counters)
{
	size_t at;

	for (at = 0; at + 2 <= KEY_LEN; at += 2) {
		unsigned int count[1024] = { 0 }, longest = 0, i;

		for (i = 0; i < 1024; i++) {
			uint8_t key[KEY_LEN] = { 0 };
			uint16_t counter = (uint16_t)i;
			unsigned int *chain;

			memcpy(key + at, &counter, sizeof(counter));
			chain = &count[hash_key(key) & 1023];
			(*chain)++;
			longest = *chain > longest ? *chain : longest;
		}
		EXPECT_LE(longest, 10);
	}
}

TEST(table_hash_keeps_its_secret)
{
	static const struct turn_table_secret one = { { 1, 2, 3, 4, 5, 6 } };
	static const struct turn_table_secret two = { { 1, 2, 3, 4, 5, 7 } };
	static const uint8_t key[KEY_LEN] = { 1 };

	EXPECT_NE(turn_table_hash(&one, key, KEY_LEN),
		  turn_table_hash(&two, key, KEY_LEN));
}

/* --- timers ---------------------------------------------------------------- */

#define TIMERS 500

static struct turn_timers heap;
static uint64_t last_fired;
static unsigned int fired, out_of_order, early;

static void note(struct turn_timer *timer, uint64_t now)
{
	out_of_order += timer->due < last_fired;
	early += timer->due > now;
	last_fired = timer->due;
	fired++;
}

static unsigned int next_random(unsigned int *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 8;
}

TEST(timers_fire_in_order_whatever_was_done_to_them)
{
	static struct turn_timer timers[TIMERS];
	unsigned int random = 1, i, set = 0;
	uint64_t now;

	for (i = 0; i < TIMERS; i++)
		ASSERT_EQ(0, turn_timer_add(&heap, &timers[i], note));
	for (i = 0; i < 20 * TIMERS; i++) {
		struct turn_timer *t = &timers[next_random(&random) % TIMERS];

		if (next_random(&random) % 4)
			turn_timer_set(&heap, t, next_random(&random) % 1000);
		else
			turn_timer_unset(&heap, t);
	}
	for (i = 0; i < TIMERS; i++)
		set += timers[i].pos != 0;
	EXPECT_EQ(set, heap.set);
	for (now = 0; now < 1000; now += 7)
		while (turn_timers_fire(&heap, now))
			;
	while (turn_timers_fire(&heap, 1000))
		;
	EXPECT_EQ(set, fired);
	EXPECT_EQ(0, out_of_order);
	EXPECT_EQ(0, early);
	EXPECT_EQ(UINT64_MAX, turn_timers_next(&heap));
	EXPECT_FALSE(turn_timers_fire(&heap, UINT64_MAX));
	for (i = 0; i < TIMERS; i++)
		turn_timer_remove(&heap, &timers[i]);
	EXPECT_EQ(0, heap.added);
	turn_timers_free(&heap);
}

/* --- base64 and nonces ----------------------------------------------------- */

/* RFC 4648, section 10 */
TEST(base64_vectors)
{
	static const char *const vectors[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};
	char text[16], back[16];
	size_t i, len;

	for (i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		len = strlen(vectors[i][0]);
		base64_encode(text, vectors[i][0], len);
		EXPECT_STREQ(vectors[i][1], text);
		if (len % 3)
			continue;
		ASSERT_EQ(0, base64_decode_unpadded(back, text, strlen(text)));
		EXPECT_EQ(0, memcmp(back, vectors[i][0], len));
	}
	EXPECT_EQ(-EINVAL, base64_decode_unpadded(back, "Zg==", 4));
	EXPECT_EQ(-EINVAL, base64_decode_unpadded(back, "Zm9", 3));
	EXPECT_EQ(-EINVAL, base64_decode_unpadded(back, "Zm9-", 4));
	EXPECT_EQ(-EINVAL, base64_decode_unpadded(back, "Zm9\0", 4));
}

/* With each offer: the lists, with the cookie and without. */
static const struct turn_nonce_offer offers[] = {
	{ false, false, TURN_ALGORITHMS_NONE },
	{ true, false, TURN_ALGORITHMS_NONE },
	{ true, true, TURN_ALGORITHMS_NONE },
	{ true, false, TURN_ALGORITHMS_MD5 },
	{ true, true, TURN_ALGORITHMS_SHA256_MD5 },
};

TEST(nonce_lifetime)
{
	const struct siphash_key key = { { 1, 2 } }, other = { { 1, 3 } };
	const uint64_t t = 5000000000000;	/* seconds beyond 32 bits */
	char nonce[TURN_NONCE_MAX + 1];
	size_t i;

	for (i = 0; i < sizeof(offers) / sizeof(*offers); i++) {
		struct transport_addr client = { .family = AF_INET, .port = 5 };
		struct stun_bytes n = { (uint8_t *)nonce,
					turn_nonce_len(offers[i]) };

		turn_nonce_make(&key, &client, t, offers[i], nonce);
		EXPECT_EQ(n.len, strlen(nonce));
		EXPECT_TRUE(turn_nonce_valid(&key, &client, t, 60, n));
		EXPECT_TRUE(turn_nonce_valid(&key, &client, t + 59999, 60, n));
		EXPECT_FALSE(turn_nonce_valid(&key, &client, t + 60000, 60, n));
		EXPECT_TRUE(turn_nonce_valid(&key, &client, t + 60000, 0, n));
		/* By the clock of an earlier boot, ahead of this one. */
		EXPECT_FALSE(turn_nonce_valid(&key, &client, t - 1000, 60, n));
		EXPECT_FALSE(turn_nonce_valid(&other, &client, t, 60, n));
		client.port++;
		EXPECT_FALSE(turn_nonce_valid(&key, &client, t, 60, n));
	}
}

/* Bit 0 is the leftmost: 'g' is 100000, 'Q' 010000, 'w' 110000. */
TEST(rfc8489_18_1_nonce_cookie)
{
	static const char *const cookies[] = {
		"", "obMatJos2AAAA", "obMatJos2QAAA", "obMatJos2gAAA",
		"obMatJos2wAAA",
	};
	struct transport_addr client = { .family = AF_INET, .port = 5 };
	const struct siphash_key key = { { 1, 2 } };
	char nonce[TURN_NONCE_MAX + 1];
	struct turn_nonce_offer offer;
	size_t i;

	for (i = 0; i < sizeof(offers) / sizeof(*offers); i++) {
		turn_nonce_make(&key, &client, 1000, offers[i], nonce);
		EXPECT_EQ(0, strncmp(nonce, cookies[i], strlen(cookies[i])));
		offer = turn_nonce_offer((struct stun_bytes){
			(uint8_t *)nonce, strlen(nonce) });
		EXPECT_EQ(offers[i].cookie, offer.cookie);
		EXPECT_EQ(offers[i].userhash, offer.userhash);
		EXPECT_EQ(offers[i].algorithms, offer.algorithms);
	}
}

TEST_HARNESS_MAIN
