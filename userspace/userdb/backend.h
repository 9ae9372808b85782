/* SPDX-License-Identifier: BSD-3-Clause */
/* What the backends share. Only files in this folder include this. */
#ifndef KTURN_USERDB_BACKEND_H
#define KTURN_USERDB_BACKEND_H

#include "userdb/userdb.h"

/**
 * struct userdb_backend - how one kind of database does it
 * @open: make a struct userdb of @where, without connecting
 * @close: disconnect and free it
 * @connect: see userdb_connect()
 * @find_key: see userdb_find_key(); texts are UTF-8
 * @list: see userdb_list()
 * @put: see userdb_put()
 * @remove: see userdb_remove()
 * @create: see userdb_create()
 */
struct userdb_backend {
	int (*open)(struct userdb **db, const char *where, unsigned int flags,
		    char why[static USERDB_WHY_LEN]);
	void (*close)(struct userdb *db);
	int (*connect)(struct userdb *db, char why[static USERDB_WHY_LEN]);
	int (*find_key)(struct userdb *db, const char *realm, const char *name,
			uint8_t key[static USERDB_KEY_LEN],
			char why[static USERDB_WHY_LEN]);
	int (*list)(struct userdb *db, enum userdb_table table,
		    const char *realm, userdb_row_fn *fn, void *arg,
		    char why[static USERDB_WHY_LEN]);
	int (*put)(struct userdb *db, enum userdb_table table,
		   const char *const *row, char why[static USERDB_WHY_LEN]);
	int (*remove)(struct userdb *db, enum userdb_table table,
		      const char *const *row, char why[static USERDB_WHY_LEN]);
	int (*create)(struct userdb *db, char why[static USERDB_WHY_LEN]);
};

/**
 * struct userdb - first member of what a backend's @open makes
 * @backend: its backend
 * @name: for messages, owned
 */
struct userdb {
	const struct userdb_backend *backend;
	char *name;
};

extern const struct userdb_backend userdb_sqlite;
extern const struct userdb_backend userdb_redis;
extern const struct userdb_backend userdb_postgresql;

/** userdb_fail() - write @why, after the database's name; returns @ret */
int userdb_fail(const struct userdb *db, char why[static USERDB_WHY_LEN],
		int ret, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif /* KTURN_USERDB_BACKEND_H */
