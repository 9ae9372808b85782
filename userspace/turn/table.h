/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hash table whose nodes lie inside the objects: inserting and removing
 * allocate nothing. The caller hashes (with a secret key, where the other side
 * chooses the keys) and compares.
 *
 *	for (n = turn_table_first(t, hash); n; n = turn_table_next(n))
 *		if (matches(container_of(n, struct thing, node)))
 */
#ifndef KTURN_TURN_TABLE_H
#define KTURN_TURN_TABLE_H

#include <stddef.h>
#include <stdint.h>

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
