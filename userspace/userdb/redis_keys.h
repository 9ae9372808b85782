/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of coturn's keys in Redis, which hold what are columns in SQL. */
#ifndef KTURN_USERDB_REDIS_KEYS_H
#define KTURN_USERDB_REDIS_KEYS_H

#include "userdb/userdb.h"

/* More than any key has, for userdb.c bounds the columns. */
#define REDIS_KEY_LEN	1200

/* enum redis_value - what lies under a key */
enum redis_value {
	REDIS_STRING,		/* the last column */
	REDIS_SET,		/* the last columns of many rows */
	REDIS_HASH,		/* all columns but the first, by their names */
	REDIS_PASSWORD,		/* a string that is no column */
};

/**
 * struct redis_shape - how the keys of a table are made
 * @table: the table
 * @value: what lies under them
 * @prefix: how they begin; the first column follows
 * @middle: what comes between it and the second one, NULL if there is none
 * @suffix: how they end
 * @option: second column of all of them, NULL if there is none such
 */
struct redis_shape {
	enum userdb_table table;
	enum redis_value value;
	const char *prefix;
	const char *middle;
	const char *suffix;
	const char *option;
};

/** redis_shape_next() - the shape of a table after @shape, or the first */
const struct redis_shape *redis_shape_next(enum userdb_table table,
					   const struct redis_shape *shape);

/** redis_shape_of() - the shape of a row's key, NULL if it cannot have one */
const struct redis_shape *redis_shape_of(enum userdb_table table,
					 const char *const *row);

/** redis_key_make() - the key of a row; returns @key */
const char *redis_key_make(const struct redis_shape *shape,
			   const char *const *row,
			   char key[static REDIS_KEY_LEN]);

/**
 * redis_key_pattern() - what SCAN is to look for
 * @shape: the shape
 * @realm: only this realm, if the keys begin with one; NULL: all
 * @pattern: filled
 */
void redis_key_pattern(const struct redis_shape *shape, const char *realm,
		       char pattern[static REDIS_KEY_LEN]);

/**
 * redis_key_parse() - take a key apart
 * @shape: the shape whose pattern it fits
 * @key: the key; cut up
 * @row: the columns that are in it are filled, with parts of @key
 *
 * Return: false if it is none of coturn's after all.
 */
bool redis_key_parse(const struct redis_shape *shape, char *key,
		     const char **row);

#endif /* KTURN_USERDB_REDIS_KEYS_H */
