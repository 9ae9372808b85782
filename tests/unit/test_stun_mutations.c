// SPDX-License-Identifier: BSD-3-Clause
/*
 * The fuzzer's rules over mutated messages, the same ones in each run; and
 * over the vectors with each byte changed and each length cut.
 */
#include <kselftest_harness.h>

#include "../fuzz/stun_mutate.h"
#include "../fuzz/stun_oracle.h"

#define MUTATIONS 50000

/* The oracle over bytes at the end of an allocation of their size. */
static bool judge(struct stun_crypto *crypto, const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	bool stun;

	if (!exact)
		abort();
	memcpy(exact, data, len);
	stun = stun_oracle(crypto, exact, len);
	free(exact);
	return stun;
}

FIXTURE(mutations)
{
	struct stun_crypto *crypto;
};

FIXTURE_SETUP(mutations)
{
	self->crypto = stun_crypto_new();
	ASSERT_NE(NULL, self->crypto);
}

FIXTURE_TEARDOWN(mutations)
{
	stun_crypto_free(self->crypto);
}

TEST_F_TIMEOUT(mutations, random, 120)
{
	struct mutant m = { .random = 20240229 };
	unsigned int stun = 0;

	for (int i = 0; i < MUTATIONS; i++) {
		mutant_next(&m);
		stun += judge(self->crypto, m.bytes, m.len);
	}
	/* Else the mutations would test little but the header. */
	EXPECT_LT(MUTATIONS / 3, stun);
}

TEST_F_TIMEOUT(mutations, each_byte_of_the_vectors, 120)
{
	uint8_t copy[256];

	for (size_t v = 0; v < VECTOR_COUNT; v++) {
		memcpy(copy, vectors[v].data, vectors[v].len);
		for (size_t i = 0; i < vectors[v].len; i++) {
			for (unsigned int x = 1; x < 256; x++) {
				copy[i] ^= (uint8_t)x;
				judge(self->crypto, copy, vectors[v].len);
				copy[i] ^= (uint8_t)x;
			}
		}
		EXPECT_TRUE(judge(self->crypto, copy, vectors[v].len));
	}
}

TEST_F(mutations, each_length_of_the_vectors)
{
	uint8_t copy[256];

	for (size_t v = 0; v < VECTOR_COUNT; v++) {
		memcpy(copy, vectors[v].data, vectors[v].len);
		for (size_t len = 0; len <= vectors[v].len; len++) {
			judge(self->crypto, vectors[v].data, len);
			if (len < STUN_HEADER_LEN)
				continue;
			copy[3] = (uint8_t)(len - STUN_HEADER_LEN);
			EXPECT_EQ(len % 4 == 0, judge(self->crypto, copy, len));
		}
	}
}

TEST_HARNESS_MAIN
