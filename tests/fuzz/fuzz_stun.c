// SPDX-License-Identifier: BSD-3-Clause
/*
 * The decoder under libFuzzer:
 *
 *	clang -std=gnu11 -D_GNU_SOURCE -Iuserspace -g -O1 \
 *		-fsanitize=fuzzer,address,undefined -DLIBFUZZER \
 *		-o fuzz_stun tests/fuzz/fuzz_stun.c userspace/stun/[a-z]*.c -lcrypto
 *	./fuzz_stun -max_len=2048 CORPUS
 *
 * Built without LIBFUZZER, as make does, it runs mutated messages by itself:
 *
 *	fuzz_stun [COUNT [SEED]]
 */
#include "stun_mutate.h"
#include "stun_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct stun_crypto *crypto;

	if (!crypto)
		crypto = stun_crypto_new();
	ORACLE(crypto);
	stun_oracle(crypto, data, len);
	return 0;
}

#ifndef LIBFUZZER
int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
	struct mutant m = { .random = argc > 2 ? strtoul(argv[2], NULL, 0) : 1 };
	unsigned long stun = 0;
	struct stun_crypto *crypto = stun_crypto_new();

	if (!m.random || !crypto) {
		fprintf(stderr, "fuzz_stun: %s\n", crypto ?
			"SEED must be a number other than 0" :
			"OpenSSL has no SHA-1 or SHA-256");
		stun_crypto_free(crypto);
		return 2;
	}
	for (unsigned long i = 0; i < count; i++) {
		uint8_t *exact;

		mutant_next(&m);
		exact = malloc(m.len);
		ORACLE(exact);
		memcpy(exact, m.bytes, m.len);
		stun += stun_oracle(crypto, exact, m.len);
		free(exact);
	}
	stun_crypto_free(crypto);
	printf("fuzz_stun: %lu messages, %lu of them STUN, all rules held\n",
	       count, stun);
	return 0;
}
#endif
