/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hash table whose nodes lie inside the objects: inserting and removing
 * allocate nothing. The caller hashes (with a secret, where the other side
 * chooses the keys) and compares.
 *
 *	for (n = turn_table_first(t, hash); n; n = turn_table_next(n))
 *		if (matches(container_of(n, struct thing, node)))
 */
#ifndef KTURN_TURN_TABLE_H
#define KTURN_TURN_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/** struct turn_table_node - in each object */
struct turn_table_node {
	struct turn_table_node *next;
	uint64_t hash;
};

/** struct turn_table_bucket - a chain of nodes */
struct turn_table_bucket {
	struct turn_table_node *first;
};

/**
 * struct turn_table - the table
 * @buckets: @mask + 1 chains
 * @mask: number of buckets, a power of two, minus one
 * @count: number of nodes
 */
struct turn_table {
	struct turn_table_bucket *buckets;
	size_t mask;
	size_t count;
};

/* The longest key that turn_table_hash() takes, in words of 64 bits. */
#define TURN_TABLE_KEY_WORDS 6

/** struct turn_table_secret - random numbers, fixed while there are nodes */
struct turn_table_secret {
	uint64_t k[TURN_TABLE_KEY_WORDS];
};

/* Word @i of a key, filled up with zeros behind the key's end. */
static inline uint64_t turn_table_word(const void *key, size_t len, size_t i)
{
	size_t at = 8 * i;
	uint64_t word = 0;

	if (at < len)
		memcpy(&word, (const uint8_t *)key + at,
		       len - at < 8 ? len - at : 8);
	return word;
}

/* 64 bits of a product of 128 that depend on all bits of both words. */
static inline uint64_t turn_table_mix(const struct turn_table_secret *secret,
				      const void *key, size_t len, size_t i)
{
	unsigned __int128 product = turn_table_word(key, len, i) ^ secret->k[i];

	product *= turn_table_word(key, len, i + 1) ^ secret->k[i + 1];
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/**
 * turn_table_hash() - hash a key whose bits the other side chooses
 * @secret: what it does not know, so that it cannot aim at a bucket
 * @key: the key; no padding in it
 * @len: its size in bytes, a constant, of at most TURN_TABLE_KEY_WORDS words
 *
 * The same as kturn.ko hashes by: one multiplication for 16 bytes, a tenth of
 * what siphash() costs. Not for what anybody gets to see.
 */
static inline uint64_t turn_table_hash(const struct turn_table_secret *secret,
				       const void *key, size_t len)
{
	uint64_t hash = turn_table_mix(secret, key, len, 0);

	if (len > 16)
		hash += turn_table_mix(secret, key, len, 2);
	if (len > 32)
		hash += turn_table_mix(secret, key, len, 4);
	return hash;
}

/** turn_table_init() - make it empty. Return: 0 or -ENOMEM. */
int turn_table_init(struct turn_table *table);

/** turn_table_free() - give the buckets back; the nodes are the caller's */
void turn_table_free(struct turn_table *table);

/**
 * turn_table_insert() - add a node
 * @table: the table
 * @node: not in any table
 * @hash: of its key
 *
 * Doubles the buckets as needed; without memory for that, chains get longer
 * instead, so this cannot fail.
 */
void turn_table_insert(struct turn_table *table, struct turn_table_node *node,
		       uint64_t hash);

/** turn_table_remove() - take a node out that is in */
void turn_table_remove(struct turn_table *table, struct turn_table_node *node);

static inline struct turn_table_node *
turn_table_match(struct turn_table_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

/** turn_table_first() - the first node with this hash, or NULL */
static inline struct turn_table_node *
turn_table_first(const struct turn_table *table, uint64_t hash)
{
	return turn_table_match(table->buckets[hash & table->mask].first,
				hash);
}

/** turn_table_next() - the next node with the same hash, or NULL */
static inline struct turn_table_node *
turn_table_next(const struct turn_table_node *node)
{
	return turn_table_match(node->next, node->hash);
}

#endif /* KTURN_TURN_TABLE_H */
