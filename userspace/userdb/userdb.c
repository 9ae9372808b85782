// SPDX-License-Identifier: BSD-3-Clause
/* What is the same for all kinds of databases. */
#include "userdb/userdb.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userdb/backend.h"
#include "userdb/utf8.h"

static const struct userdb_backend *const backends[] = {
	[USERDB_SQLITE] = &userdb_sqlite,
	[USERDB_REDIS] = &userdb_redis,
	[USERDB_POSTGRESQL] = &userdb_postgresql,
};

int userdb_fail(const struct userdb *db, char why[static USERDB_WHY_LEN],
		int ret, const char *format, ...)
{
	int len = snprintf(why, USERDB_WHY_LEN, "%s: ", db->name);
	va_list args;
	char *end;

	if (len < 0 || len >= USERDB_WHY_LEN)
		len = 0;
	va_start(args, format);
	vsnprintf(why + len, USERDB_WHY_LEN - (size_t)len, format, args);
	va_end(args);
	/* Libraries end their texts with a newline, or make several lines. */
	for (end = why + strlen(why); end > why && isspace((unsigned char)end[-1]);)
		*--end = '\0';
	for (end = why; *end; end++)
		if (*end == '\n')
			*end = ' ';
	return ret;
}

int userdb_open(struct userdb **db, enum userdb_kind kind, const char *where,
		unsigned int flags, char why[static USERDB_WHY_LEN])
{
	*db = NULL;
	return backends[kind]->open(db, where, flags, why);
}

void userdb_close(struct userdb *db)
{
	if (db)
		db->backend->close(db);
}

int userdb_connect(struct userdb *db, char why[static USERDB_WHY_LEN])
{
	return db->backend->connect(db, why);
}

const char *userdb_name(const struct userdb *db)
{
	return db->name;
}

/* Longer than any column is; Redis' keys are bounded by it. */
#define COLUMN_MAX 513

static int check_row(const struct userdb *db, const char *const *row,
		     unsigned int columns, char why[static USERDB_WHY_LEN])
{
	for (unsigned int i = 0; i < columns; i++)
		if (strlen(row[i]) >= COLUMN_MAX || !utf8_valid(row[i]))
			return userdb_fail(db, why, -EINVAL,
					   "does not take texts of %d bytes, or that are no UTF-8",
					   COLUMN_MAX);
	return 0;
}

/*
 * PostgreSQL answers a name that is no UTF-8 with an error. Nobody shall make
 * the database look broken that way.
 */
int userdb_find_key(struct userdb *db, const char *realm, const char *name,
		    uint8_t key[static USERDB_KEY_LEN],
		    char why[static USERDB_WHY_LEN])
{
	if (!name[0] || strlen(name) >= COLUMN_MAX ||
	    strlen(realm) >= COLUMN_MAX || !utf8_valid(name) ||
	    !utf8_valid(realm))
		return -ENOENT;
	return db->backend->find_key(db, realm, name, key, why);
}

int userdb_list(struct userdb *db, enum userdb_table table, const char *realm,
		userdb_row_fn *fn, void *arg, char why[static USERDB_WHY_LEN])
{
	return db->backend->list(db, table, realm, fn, arg, why);
}

int userdb_put(struct userdb *db, enum userdb_table table,
	       const char *const *row, char why[static USERDB_WHY_LEN])
{
	return check_row(db, row, userdb_columns(table), why) ?:
	       db->backend->put(db, table, row, why);
}

int userdb_remove(struct userdb *db, enum userdb_table table,
		  const char *const *row, char why[static USERDB_WHY_LEN])
{
	return check_row(db, row, userdb_key_columns(table), why) ?:
	       db->backend->remove(db, table, row, why);
}

int userdb_create(struct userdb *db, char why[static USERDB_WHY_LEN])
{
	return db->backend->create(db, why);
}

void userdb_key_print(const uint8_t key[static USERDB_KEY_LEN],
		      char hex[static USERDB_KEY_HEX_LEN + 1])
{
	for (size_t i = 0; i < USERDB_KEY_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", key[i]);
}

int userdb_key_parse(const char *hex, uint8_t key[static USERDB_KEY_LEN])
{
	for (size_t i = 0; i < USERDB_KEY_LEN; i++) {
		char pair[3] = { 0 };

		for (size_t j = 0; j < 2; j++) {
			pair[j] = hex[2 * i + j];
			if (!isxdigit((unsigned char)pair[j]))
				return -EBADMSG;
		}
		key[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	hex += USERDB_KEY_HEX_LEN;
	return hex[strspn(hex, " ")] ? -EBADMSG : 0;
}

const char *userdb_parse_place(const char *text, enum userdb_kind *kind)
{
	static const struct {
		const char *prefix;
		enum userdb_kind kind;
		bool keep;
	} places[] = {
		{ "sqlite:", USERDB_SQLITE, false },
		{ "redis:", USERDB_REDIS, false },
		{ "psql:", USERDB_POSTGRESQL, false },
		{ "postgresql://", USERDB_POSTGRESQL, true },
		{ "postgres://", USERDB_POSTGRESQL, true },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = strlen(places[i].prefix);

		if (strncmp(text, places[i].prefix, len) != 0)
			continue;
		*kind = places[i].kind;
		return places[i].keep ? text : text + len;
	}
	*kind = USERDB_SQLITE;
	return text;
}
