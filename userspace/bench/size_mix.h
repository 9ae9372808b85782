/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes of payloads: one, or several in a proportion. */
#ifndef KTURN_BENCH_SIZE_MIX_H
#define KTURN_BENCH_SIZE_MIX_H

#include <stddef.h>
#include <stdint.h>

#define SIZE_MIX_MAX		16
#define SIZE_MIX_MAX_WEIGHT	1000000

/**
 * struct size_mix - sizes and their shares
 * @count: how many
 * @total: sum of the weights
 * @largest: the largest size
 * @entries: each size in bytes, and the weight of its share
 */
struct size_mix {
	unsigned int count;
	uint32_t total;
	uint16_t largest;
	struct {
		uint16_t size;
		uint32_t weight;
	} entries[SIZE_MIX_MAX];
};

/**
 * size_mix_parse() - read "172" or "172:70,1200:30"
 * @mix: filled on success
 * @text: sizes in bytes, each with a weight of its own; without, it is 1
 * @why: on failure what is wrong with it, to be put after the text itself
 * @why_size: room there
 *
 * Return: 0 or -EINVAL.
 */
int size_mix_parse(struct size_mix *mix, const char *text, char *why,
		   size_t why_size);

/**
 * size_mix_pick() - the size of the n-th datagram
 * @mix: the mix
 * @n: counts datagrams
 *
 * The same each time; spread as evenly as the shares allow, over short runs
 * of datagrams, too.
 */
uint16_t size_mix_pick(const struct size_mix *mix, uint64_t n);

#endif /* KTURN_BENCH_SIZE_MIX_H */
