// SPDX-License-Identifier: BSD-3-Clause
#include "userdb/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/**
 * struct layout - a table of coturn's schema
 * @name: its name
 * @keys: how many columns are its primary key
 * @columns: their names
 * @types: their types
 */
struct layout {
	const char *name;
	unsigned int keys;
	const char *columns[USERDB_COLUMNS_MAX];
	const char *types[USERDB_COLUMNS_MAX];
};

#define REALM_TYPE "varchar(127) default ''"

static const struct layout layouts[USERDB_TABLES] = {
	[USERDB_USERS] = {
		"turnusers_lt", 2, { "realm", "name", "hmackey" },
		{ REALM_TYPE, "varchar(512)", "char(128)" },
	},
	[USERDB_SECRETS] = {
		"turn_secret", 2, { "realm", "value" },
		{ REALM_TYPE, "varchar(256)" },
	},
	[USERDB_ALLOWED_PEERS] = {
		"allowed_peer_ip", 2, { "realm", "ip_range" },
		{ REALM_TYPE, "varchar(256)" },
	},
	[USERDB_DENIED_PEERS] = {
		"denied_peer_ip", 2, { "realm", "ip_range" },
		{ REALM_TYPE, "varchar(256)" },
	},
	[USERDB_ORIGINS] = {
		"turn_origin_to_realm", 1, { "origin", "realm" },
		{ "varchar(127)", "varchar(127)" },
	},
	[USERDB_REALM_OPTIONS] = {
		"turn_realm_option", 2, { "realm", "opt", "value" },
		{ REALM_TYPE, "varchar(32)", "varchar(128)" },
	},
	[USERDB_OAUTH_KEYS] = {
		"oauth_key", 1,
		{ "kid", "ikm_key", "timestamp", "lifetime", "as_rs_alg",
		  "realm" },
		{ "varchar(128)", "varchar(256)", "bigint default 0",
		  "integer default 0", "varchar(64) default ''",
		  "varchar(127) default ''" },
	},
};

unsigned int userdb_columns(enum userdb_table table)
{
	unsigned int n = 0;

	while (n < USERDB_COLUMNS_MAX && layouts[table].columns[n])
		n++;
	return n;
}

unsigned int userdb_key_columns(enum userdb_table table)
{
	return layouts[table].keys;
}

/* The statements are made of the texts above: none is near SQL_LEN. */
__attribute__((format(printf, 2, 3)))
static void add(char sql[static SQL_LEN], const char *format, ...)
{
	size_t len = strlen(sql);
	va_list args;

	va_start(args, format);
	vsnprintf(sql + len, SQL_LEN - len, format, args);
	va_end(args);
}

/* "a, b, c" */
static void add_columns(char sql[static SQL_LEN], const struct layout *layout,
			unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		add(sql, "%s%s", i ? ", " : "", layout->columns[i]);
}

void sql_create(enum userdb_table table, char sql[static SQL_LEN])
{
	const struct layout *layout = &layouts[table];
	unsigned int count = userdb_columns(table);

	sql[0] = '\0';
	add(sql, "create table if not exists %s (", layout->name);
	for (unsigned int i = 0; i < count; i++)
		add(sql, "%s %s, ", layout->columns[i], layout->types[i]);
	add(sql, "primary key (");
	add_columns(sql, layout, layout->keys);
	add(sql, "))");
}

void sql_find_key(char sql[static SQL_LEN])
{
	sql[0] = '\0';
	add(sql, "select hmackey from %s where realm = $1 and name = $2",
	    layouts[USERDB_USERS].name);
}

void sql_list(enum userdb_table table, bool by_realm, char sql[static SQL_LEN])
{
	const struct layout *layout = &layouts[table];

	sql[0] = '\0';
	add(sql, "select ");
	add_columns(sql, layout, userdb_columns(table));
	add(sql, " from %s%s order by ", layout->name,
	    by_realm ? " where realm = $1" : "");
	add_columns(sql, layout, layout->keys);
}

void sql_put(enum userdb_table table, char sql[static SQL_LEN])
{
	const struct layout *layout = &layouts[table];
	unsigned int count = userdb_columns(table);

	sql[0] = '\0';
	add(sql, "insert into %s (", layout->name);
	add_columns(sql, layout, count);
	add(sql, ") values (");
	for (unsigned int i = 0; i < count; i++)
		add(sql, "%s$%u", i ? ", " : "", i + 1);
	add(sql, ") on conflict (");
	add_columns(sql, layout, layout->keys);
	add(sql, count > layout->keys ? ") do update set " : ") do nothing");
	for (unsigned int i = layout->keys; i < count; i++)
		add(sql, "%s%s = excluded.%s", i > layout->keys ? ", " : "",
		    layout->columns[i], layout->columns[i]);
}

void sql_remove(enum userdb_table table, char sql[static SQL_LEN])
{
	const struct layout *layout = &layouts[table];

	sql[0] = '\0';
	add(sql, "delete from %s where ", layout->name);
	for (unsigned int i = 0; i < layout->keys; i++)
		add(sql, "%s%s = $%u", i ? " and " : "", layout->columns[i],
		    i + 1);
}
