// SPDX-License-Identifier: BSD-3-Clause
/*
 * SQLite: a file. turnadmin and others write to it meanwhile, and an operator
 * may put another one in its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userdb/backend.h"
#include "userdb/sql.h"

/**
 * struct sqlite_db - an SQLite file
 * @common: for all backends
 * @path: where it lies
 * @writable: rows will be written
 * @conn: open file, or NULL
 * @dev: device of the open file
 * @inode: inode of it
 */
struct sqlite_db {
	struct userdb common;
	char *path;
	bool writable;
	sqlite3 *conn;
	dev_t dev;
	ino_t inode;
};

static struct sqlite_db *sqlite_of(struct userdb *db)
{
	return (struct sqlite_db *)db;
}

static void disconnect(struct sqlite_db *db)
{
	sqlite3_close(db->conn);
	db->conn = NULL;
}

static void sqlite_close_db(struct userdb *common)
{
	struct sqlite_db *db = sqlite_of(common);

	disconnect(db);
	free(db->common.name);
	free(db->path);
	free(db);
}

/* As coturn does: ~ is the home directory. */
static char *expand(const char *path)
{
	const char *home = getenv("HOME");
	char *text;

	if (strncmp(path, "~/", 2) != 0 || !home)
		return strdup(path);
	return asprintf(&text, "%s%s", home, path + 1) < 0 ? NULL : text;
}

static int sqlite_open_db(struct userdb **out, const char *where,
			  unsigned int flags, char why[static USERDB_WHY_LEN])
{
	struct sqlite_db *db = calloc(1, sizeof(*db));

	if (db) {
		db->common.backend = &userdb_sqlite;
		db->writable = flags & USERDB_WRITE;
		db->path = expand(where[0] ? where : USERDB_SQLITE_DEFAULT);
		if (db->path &&
		    asprintf(&db->common.name, "SQLite database %s",
			     db->path) < 0)
			db->common.name = NULL;
	}
	if (!db || !db->path || !db->common.name) {
		snprintf(why, USERDB_WHY_LEN, "out of memory");
		if (db)
			sqlite_close_db(&db->common);
		return -ENOMEM;
	}
	*out = &db->common;
	return 0;
}

static int open_file(struct sqlite_db *db, int flags,
		     char why[static USERDB_WHY_LEN])
{
	int ret = sqlite3_open_v2(db->path, &db->conn,
				  flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (ret == SQLITE_OK) {
		sqlite3_busy_timeout(db->conn, 1000 * USERDB_TIMEOUT_S);
		return 0;
	}
	userdb_fail(&db->common, why, -EIO, "%s",
		    db->conn ? sqlite3_errmsg(db->conn) : sqlite3_errstr(ret));
	disconnect(db);
	return -EIO;
}

/* Also once it is open: the file may have been replaced by another. */
static int sqlite_connect(struct userdb *common,
			  char why[static USERDB_WHY_LEN])
{
	struct sqlite_db *db = sqlite_of(common);
	struct stat st;
	int ret;

	if (stat(db->path, &st)) {
		ret = errno;
		disconnect(db);
		return userdb_fail(common, why, -EIO, "%s", strerror(ret));
	}
	if (db->conn && (st.st_dev != db->dev || st.st_ino != db->inode))
		disconnect(db);
	if (db->conn)
		return 0;
	ret = open_file(db, db->writable ? SQLITE_OPEN_READWRITE
					 : SQLITE_OPEN_READONLY, why);
	db->dev = st.st_dev;
	db->inode = st.st_ino;
	return ret;
}

static int fail(struct sqlite_db *db, char why[static USERDB_WHY_LEN])
{
	int code = sqlite3_errcode(db->conn);

	if (code == SQLITE_BUSY)
		return userdb_fail(&db->common, why, -EIO,
				   "another program has kept it locked for %d s",
				   USERDB_TIMEOUT_S);
	return userdb_fail(&db->common, why, -EIO, "%s",
			   sqlite3_errmsg(db->conn));
}

static int bind_all(sqlite3_stmt *stmt, const char *const *args)
{
	int count = sqlite3_bind_parameter_count(stmt);

	for (int i = 0; i < count; i++)
		if (sqlite3_bind_text(stmt, i + 1, args[i], -1, SQLITE_STATIC))
			return -EIO;
	return 0;
}

/* One statement; @fn gets its rows, NULL drops them. */
static int run(struct sqlite_db *db, const char *sql, const char *const *args,
	       userdb_row_fn *fn, void *arg, char why[static USERDB_WHY_LEN])
{
	const char *row[USERDB_COLUMNS_MAX] = { 0 };
	sqlite3_stmt *stmt = NULL;
	int ret = 0, step;

	if (sqlite3_prepare_v2(db->conn, sql, -1, &stmt, NULL) ||
	    bind_all(stmt, args)) {
		ret = fail(db, why);
		sqlite3_finalize(stmt);
		return ret;
	}
	while (!ret && (step = sqlite3_step(stmt)) != SQLITE_DONE) {
		if (step != SQLITE_ROW) {
			ret = fail(db, why);
			break;
		}
		for (int i = 0; i < sqlite3_column_count(stmt); i++)
			row[i] = (const char *)sqlite3_column_text(stmt, i) ?:
				 "";
		ret = fn ? fn(arg, row) : 0;
	}
	sqlite3_finalize(stmt);
	return ret;
}

struct found_key {
	uint8_t *key;
	bool found;
};

static int take_key(void *arg, const char *const *row)
{
	struct found_key *found = arg;

	found->found = true;
	return userdb_key_parse(row[0], found->key);
}

static int sqlite_find_key(struct userdb *common, const char *realm,
			   const char *name,
			   uint8_t key[static USERDB_KEY_LEN],
			   char why[static USERDB_WHY_LEN])
{
	const char *const args[] = { realm, name };
	struct found_key found = { .key = key };
	char sql[SQL_LEN];
	int ret = sqlite_connect(common, why);

	sql_find_key(sql);
	if (!ret)
		ret = run(sqlite_of(common), sql, args, take_key, &found, why);
	if (ret == -EBADMSG)
		userdb_fail(common, why, 0,
			    "what it has for user '%s' of realm '%s' is no MD5 key",
			    name, realm);
	return ret ?: found.found ? 0 : -ENOENT;
}

static int sqlite_list(struct userdb *common, enum userdb_table table,
		       const char *realm, userdb_row_fn *fn, void *arg,
		       char why[static USERDB_WHY_LEN])
{
	char sql[SQL_LEN];
	int ret = sqlite_connect(common, why);

	sql_list(table, realm != NULL, sql);
	return ret ?: run(sqlite_of(common), sql, &realm, fn, arg, why);
}

static int sqlite_put(struct userdb *common, enum userdb_table table,
		      const char *const *row, char why[static USERDB_WHY_LEN])
{
	char sql[SQL_LEN];
	int ret = sqlite_connect(common, why);

	sql_put(table, sql);
	return ret ?: run(sqlite_of(common), sql, row, NULL, NULL, why);
}

static int sqlite_remove(struct userdb *common, enum userdb_table table,
			 const char *const *row,
			 char why[static USERDB_WHY_LEN])
{
	struct sqlite_db *db = sqlite_of(common);
	char sql[SQL_LEN];
	int ret = sqlite_connect(common, why);

	sql_remove(table, sql);
	ret = ret ?: run(db, sql, row, NULL, NULL, why);
	return ret ?: sqlite3_changes(db->conn) ? 0 : -ENOENT;
}

/* SQLite would make the file for everybody to read, secrets and all. */
static int make_file(struct sqlite_db *db, char why[static USERDB_WHY_LEN])
{
	int fd = open(db->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return userdb_fail(&db->common, why, -EIO, "%s",
				   strerror(errno));
	close(fd);
	return sqlite_connect(&db->common, why);
}

static int sqlite_create(struct userdb *common,
			 char why[static USERDB_WHY_LEN])
{
	static const char *const no_args[1];
	struct sqlite_db *db = sqlite_of(common);
	int ret = make_file(db, why);
	char sql[SQL_LEN];

	for (int table = 0; table < USERDB_TABLES && !ret; table++) {
		sql_create((enum userdb_table)table, sql);
		ret = run(db, sql, no_args, NULL, NULL, why);
	}
	return ret;
}

const struct userdb_backend userdb_sqlite = {
	.open = sqlite_open_db,
	.close = sqlite_close_db,
	.connect = sqlite_connect,
	.find_key = sqlite_find_key,
	.list = sqlite_list,
	.put = sqlite_put,
	.remove = sqlite_remove,
	.create = sqlite_create,
};
