/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * coturn's tables, and statements on them that SQLite and PostgreSQL both
 * understand. Values are parameters: $1, $2, ... in order.
 */
#ifndef KTURN_USERDB_SQL_H
#define KTURN_USERDB_SQL_H

#include "userdb/userdb.h"

#define SQL_LEN	512

/** sql_create() - make the table if it is missing */
void sql_create(enum userdb_table table, char sql[static SQL_LEN]);

/** sql_find_key() - key of user: realm, name */
void sql_find_key(char sql[static SQL_LEN]);

/** sql_list() - all rows; with @by_realm, those of realm $1 */
void sql_list(enum userdb_table table, bool by_realm, char sql[static SQL_LEN]);

/** sql_put() - add or replace a row: all its columns */
void sql_put(enum userdb_table table, char sql[static SQL_LEN]);

/** sql_remove() - remove a row: its key columns */
void sql_remove(enum userdb_table table, char sql[static SQL_LEN]);

#endif /* KTURN_USERDB_SQL_H */
