// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "turn/table.h"

#define TABLE_MIN_BUCKETS 16

int turn_table_init(struct turn_table *table)
{
	table->buckets = calloc(TABLE_MIN_BUCKETS, sizeof(*table->buckets));
	table->mask = TABLE_MIN_BUCKETS - 1;
	table->count = 0;
	return table->buckets ? 0 : -ENOMEM;
}

void turn_table_free(struct turn_table *table)
{
	free(table->buckets);
	table->buckets = NULL;
}

static void table_grow(struct turn_table *table)
{
	size_t n = 2 * (table->mask + 1);
	struct turn_table_bucket *buckets = calloc(n, sizeof(*buckets));
	struct turn_table_node *node, *next;
	size_t i;

	if (!buckets)
		return;
	for (i = 0; i <= table->mask; i++) {
		for (node = table->buckets[i].first; node; node = next) {
			struct turn_table_bucket *bucket =
				&buckets[node->hash & (n - 1)];

			next = node->next;
			node->next = bucket->first;
			bucket->first = node;
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->mask = n - 1;
}

void turn_table_insert(struct turn_table *table, struct turn_table_node *node,
		       uint64_t hash)
{
	struct turn_table_bucket *bucket;

	if (table->count > table->mask)
		table_grow(table);
	bucket = &table->buckets[hash & table->mask];
	node->hash = hash;
	node->next = bucket->first;
	bucket->first = node;
	table->count++;
}

void turn_table_remove(struct turn_table *table, struct turn_table_node *node)
{
	struct turn_table_node **p =
		&table->buckets[node->hash & table->mask].first;

	while (*p != node)
		p = &(*p)->next;
	*p = node->next;
	node->next = NULL;
	table->count--;
}
