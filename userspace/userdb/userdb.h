/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * User databases as coturn has them: the same tables in SQLite and PostgreSQL,
 * the same keys in Redis, so that what an operator has goes on being used, by
 * turnadmin too.
 *
 * All calls block, for no longer than the connection's timeout, and belong to
 * one thread at a time. The connection is made by the first call that needs
 * it, and again after it broke: an open database need not be reachable.
 *
 *	struct userdb *db;
 *	char why[USERDB_WHY_LEN];
 *
 *	if (userdb_open(&db, USERDB_SQLITE, "/var/lib/turn/turndb", 0, why))
 *		...
 *	ret = userdb_find_key(db, "example.org", "alice", key, why);
 *	userdb_close(db);
 */
#ifndef KTURN_USERDB_USERDB_H
#define KTURN_USERDB_USERDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MD5("name:realm:password"): coturn's tables know no other kind of key. */
#define USERDB_KEY_LEN		16
#define USERDB_KEY_HEX_LEN	(2 * USERDB_KEY_LEN)

/* Room for a line that says what is wrong. */
#define USERDB_WHY_LEN		320

/* Where coturn's Debian package keeps its SQLite file. */
#define USERDB_SQLITE_DEFAULT	"/var/lib/turn/turndb"

/* Without a timeout in the connection string. */
#define USERDB_TIMEOUT_S	3

/* enum userdb_kind - which program keeps the users */
enum userdb_kind {
	USERDB_SQLITE,
	USERDB_REDIS,
	USERDB_POSTGRESQL,
};

/**
 * enum userdb_table - what is kept, with the columns of a row in their order
 * @USERDB_USERS: realm, name, key in hexadecimal
 * @USERDB_SECRETS: realm, secret of the TURN REST API
 * @USERDB_ALLOWED_PEERS: realm ("" for all), address or range FIRST-LAST
 * @USERDB_DENIED_PEERS: likewise
 * @USERDB_ORIGINS: origin, realm of clients that come from there
 * @USERDB_REALM_OPTIONS: realm, option (max-bps, total-quota, user-quota),
 *	value
 * @USERDB_OAUTH_KEYS: kid, key in base64, timestamp, lifetime, as_rs_alg,
 *	realm
 */
enum userdb_table {
	USERDB_USERS,
	USERDB_SECRETS,
	USERDB_ALLOWED_PEERS,
	USERDB_DENIED_PEERS,
	USERDB_ORIGINS,
	USERDB_REALM_OPTIONS,
	USERDB_OAUTH_KEYS,
	USERDB_TABLES,
};

#define USERDB_COLUMNS_MAX	6

/* userdb_open(): rows will be written, not only read. */
#define USERDB_WRITE		1u

struct userdb;

/**
 * typedef userdb_row_fn - gets a row of userdb_list()
 * @arg: as given to userdb_list()
 * @row: texts, as many as the table has columns; "" for NULL; valid during the
 *	call
 *
 * Return: 0 to go on; else userdb_list() ends and returns that.
 */
typedef int userdb_row_fn(void *arg, const char *const *row);

/**
 * userdb_open() - get ready to use a database
 * @db: filled
 * @kind: which program keeps it
 * @where: for SQLite the path, which may begin with ~/; for Redis words such
 *	as "ip=127.0.0.1 port=6379 dbname=0 password=P connect_timeout=3"; for
 *	PostgreSQL what libpq takes: words such as "host=H dbname=D user=U
 *	password=P connect_timeout=3", or a URI
 * @flags: 0 or USERDB_WRITE
 * @why: on failure, what is wrong
 *
 * Return: 0, -EINVAL if @where makes no sense, -ENOMEM.
 */
int userdb_open(struct userdb **db, enum userdb_kind kind, const char *where,
		unsigned int flags, char why[static USERDB_WHY_LEN]);

/** userdb_close() - let go of it; NULL is fine */
void userdb_close(struct userdb *db);

/**
 * userdb_connect() - make the connection now, if there is none
 * @db: the database
 * @why: on failure, what is wrong
 *
 * Return: 0 or -EIO.
 */
int userdb_connect(struct userdb *db, char why[static USERDB_WHY_LEN]);

/**
 * userdb_name() - what to call it in messages
 * @db: the database
 *
 * Return: kind and place, without password; lives as long as @db.
 */
const char *userdb_name(const struct userdb *db);

/**
 * userdb_find_key() - the key of a user
 * @db: the database
 * @realm: realm
 * @name: user name
 * @key: filled
 * @why: on failures other than -ENOENT, what is wrong
 *
 * Return: 0; -ENOENT if there is no such user (nor can there be, if the name is
 * no UTF-8); -EBADMSG if what is kept for him is no MD5 key; -EIO if the
 * database could not be asked; -ENOMEM.
 */
int userdb_find_key(struct userdb *db, const char *realm, const char *name,
		    uint8_t key[static USERDB_KEY_LEN],
		    char why[static USERDB_WHY_LEN]);

/**
 * userdb_list() - go through a table
 * @db: the database
 * @table: the table
 * @realm: only rows of this realm; NULL: all
 * @fn: gets each row, in ascending order
 * @arg: for @fn
 * @why: on failure, what is wrong
 *
 * Return: 0, what @fn returned, -EIO or -ENOMEM.
 */
int userdb_list(struct userdb *db, enum userdb_table table, const char *realm,
		userdb_row_fn *fn, void *arg, char why[static USERDB_WHY_LEN]);

/**
 * userdb_put() - add a row, or replace that of the same key
 * @db: the database, opened to write
 * @table: the table
 * @row: its columns
 * @why: on failure, what is wrong
 *
 * Return: 0, -EINVAL if a column is too long or no UTF-8, -EIO or -ENOMEM.
 */
int userdb_put(struct userdb *db, enum userdb_table table,
	       const char *const *row, char why[static USERDB_WHY_LEN]);

/**
 * userdb_remove() - remove a row
 * @db: the database, opened to write
 * @table: the table
 * @row: its columns up to userdb_key_columns()
 * @why: on failure, what is wrong
 *
 * Return: 0, -ENOENT if there is none, -EINVAL, -EIO or -ENOMEM.
 */
int userdb_remove(struct userdb *db, enum userdb_table table,
		  const char *const *row, char why[static USERDB_WHY_LEN]);

/**
 * userdb_create() - make the tables that are missing, with coturn's schema
 * @db: the database, opened to write
 * @why: on failure, what is wrong
 *
 * For SQLite also the file, readable by its owner only. Redis needs nothing.
 *
 * Return: 0, -EIO or -ENOMEM.
 */
int userdb_create(struct userdb *db, char why[static USERDB_WHY_LEN]);

/** userdb_columns() - number of columns of a table */
unsigned int userdb_columns(enum userdb_table table);

/** userdb_key_columns() - how many of them, from the first, tell rows apart */
unsigned int userdb_key_columns(enum userdb_table table);

/** userdb_key_print() - a key in hexadecimal, as the databases keep it */
void userdb_key_print(const uint8_t key[static USERDB_KEY_LEN],
		      char hex[static USERDB_KEY_HEX_LEN + 1]);

/**
 * userdb_key_parse() - the key that a database keeps
 * @hex: 32 hexadecimal digits; spaces may follow (PostgreSQL pads)
 * @key: filled
 *
 * Return: 0 or -EBADMSG.
 */
int userdb_key_parse(const char *hex, uint8_t key[static USERDB_KEY_LEN]);

/**
 * userdb_parse_place() - a database as an operator names it in one word
 * @text: "sqlite:PATH", "redis:WORDS", "psql:WORDS", "postgresql://...", or
 *	just PATH
 * @kind: filled
 *
 * Return: what userdb_open() takes as @where, a part of @text.
 */
const char *userdb_parse_place(const char *text, enum userdb_kind *kind);

#endif /* KTURN_USERDB_USERDB_H */
