/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash of 64 bits, for what
 * clients see (nonces, transaction ids) and for keys of any length. The tables
 * that each packet is looked up in have a faster one (turn_table_hash()).
 */
#ifndef KTURN_TURN_SIPHASH_H
#define KTURN_TURN_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_LEN 16

/** struct siphash_key - 128 secret bits */
struct siphash_key {
	uint64_t k[2];
};

/**
 * siphash() - hash some bytes
 * @key: the key
 * @data: the bytes
 * @len: how many
 *
 * Return: the hash; read as little endian it is that of the reference code.
 */
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

#endif /* KTURN_TURN_SIPHASH_H */
