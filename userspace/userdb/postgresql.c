// SPDX-License-Identifier: BSD-3-Clause
/*
 * PostgreSQL by libpq, of which only calls that do not block are used: its
 * blocking ones wait for ever when a server stops to answer.
 */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "userdb/backend.h"
#include "userdb/sql.h"

/**
 * struct pg_db - a PostgreSQL database
 * @common: for all backends
 * @where: libpq's connection string
 * @timeout_ms: for connecting, and for each statement
 * @conn: connection, or NULL
 */
struct pg_db {
	struct userdb common;
	char *where;
	int timeout_ms;
	PGconn *conn;
};

static struct pg_db *pg_of(struct userdb *db)
{
	return (struct pg_db *)db;
}

static void disconnect(struct pg_db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
}

static void pg_close(struct userdb *common)
{
	struct pg_db *db = pg_of(common);

	disconnect(db);
	if (db->where)
		explicit_bzero(db->where, strlen(db->where));
	free(db->where);
	free(db->common.name);
	free(db);
}

static const char *value_of(const PQconninfoOption *options, const char *word)
{
	for (; options->keyword; options++)
		if (strcmp(options->keyword, word) == 0 && options->val)
			return options->val;
	return "";
}

static int take_options(struct pg_db *db, const PQconninfoOption *options)
{
	const char *host = value_of(options, "host");
	const char *port = value_of(options, "port");
	int timeout = atoi(value_of(options, "connect_timeout"));

	if (!host[0])
		host = value_of(options, "hostaddr");
	db->timeout_ms = 1000 * (timeout > 0 && timeout < 60 ? timeout
							    : USERDB_TIMEOUT_S);
	if (asprintf(&db->common.name, "PostgreSQL database %s%s%s%s%s",
		     value_of(options, "dbname"), host[0] ? " at " : "", host,
		     port[0] ? " port " : "", port) < 0)
		db->common.name = NULL;
	return db->common.name ? 0 : -ENOMEM;
}

static int parse(struct pg_db *db, char why[static USERDB_WHY_LEN])
{
	PQconninfoOption *options;
	char *wrong = NULL;
	int ret;

	options = PQconninfoParse(db->where, &wrong);
	if (!options) {
		/* The text may quote a password, so it is not shown. */
		snprintf(why, USERDB_WHY_LEN,
			 "is no connection string of PostgreSQL; give words such as host=127.0.0.1 dbname=turn user=turn password=P, or a URI");
		PQfreemem(wrong);
		return -EINVAL;
	}
	ret = take_options(db, options);
	PQconninfoFree(options);
	return ret;
}

static int pg_open(struct userdb **out, const char *where, unsigned int flags,
		   char why[static USERDB_WHY_LEN])
{
	struct pg_db *db = calloc(1, sizeof(*db));
	int ret = -ENOMEM;

	(void)flags;
	snprintf(why, USERDB_WHY_LEN, "out of memory");
	if (!db)
		return ret;
	db->common.backend = &userdb_postgresql;
	db->where = strdup(where);
	if (db->where)
		ret = parse(db, why);
	if (ret)
		pg_close(&db->common);
	else
		*out = &db->common;
	return ret;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return 1000LL * ts.tv_sec + ts.tv_nsec / 1000000;
}

/* Wait for the socket; false: not before the deadline. */
static bool wait_socket(struct pg_db *db, short events, long long deadline)
{
	struct pollfd fd = { .fd = PQsocket(db->conn), .events = events };
	int ret;

	do {
		long long left = deadline - now_ms();

		ret = left > 0 ? poll(&fd, 1, (int)left) : 0;
	} while (ret < 0 && errno == EINTR);
	return ret > 0;
}

static int give_up(struct pg_db *db, bool late,
		   char why[static USERDB_WHY_LEN])
{
	if (late)
		userdb_fail(&db->common, why, 0, "no answer within %d s",
			    db->timeout_ms / 1000);
	else
		userdb_fail(&db->common, why, 0, "%s",
			    PQerrorMessage(db->conn));
	disconnect(db);
	return -EIO;
}

static int pg_connect(struct userdb *common, char why[static USERDB_WHY_LEN])
{
	struct pg_db *db = pg_of(common);
	long long deadline = now_ms() + db->timeout_ms;
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	if (db->conn && PQstatus(db->conn) == CONNECTION_OK)
		return 0;
	disconnect(db);
	db->conn = PQconnectStart(db->where);
	if (!db->conn)
		return userdb_fail(common, why, -EIO, "out of memory");
	while (PQstatus(db->conn) != CONNECTION_BAD &&
	       state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		if (!wait_socket(db, state == PGRES_POLLING_READING ? POLLIN
								    : POLLOUT,
				 deadline))
			return give_up(db, true, why);
		state = PQconnectPoll(db->conn);
	}
	return state == PGRES_POLLING_OK ? 0 : give_up(db, false, why);
}

/* The one result of a statement, NULL if the connection broke. */
static PGresult *receive(struct pg_db *db, char why[static USERDB_WHY_LEN])
{
	long long deadline = now_ms() + db->timeout_ms;
	PGresult *first = NULL, *result;

	do {
		while (PQisBusy(db->conn)) {
			bool late = !wait_socket(db, POLLIN, deadline);

			if (late || !PQconsumeInput(db->conn)) {
				PQclear(first);
				give_up(db, late, why);
				return NULL;
			}
		}
		result = PQgetResult(db->conn);
		if (!first)
			first = result;
		else
			PQclear(result);
	} while (result);
	if (!first)
		give_up(db, false, why);
	return first;
}

static PGresult *ask(struct pg_db *db, const char *sql, int count,
		     const char *const *args, char why[static USERDB_WHY_LEN])
{
	ExecStatusType status;
	PGresult *result;

	if (!PQsendQueryParams(db->conn, sql, count, NULL, args, NULL, NULL,
			       0)) {
		give_up(db, false, why);
		return NULL;
	}
	result = receive(db, why);
	if (!result)
		return NULL;
	status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return result;
	userdb_fail(&db->common, why, 0, "%s", PQresultErrorMessage(result));
	PQclear(result);
	/* "Terminating connection" comes as the error of a statement, too. */
	if (PQstatus(db->conn) != CONNECTION_OK)
		disconnect(db);
	return NULL;
}

/*
 * The server may have closed an idle connection since it was last used, which
 * only shows when something is sent. So a statement is tried on a new one.
 */
static PGresult *run(struct pg_db *db, const char *sql, int count,
		     const char *const *args, char why[static USERDB_WHY_LEN])
{
	bool old = db->conn;
	PGresult *result = NULL;

	if (!pg_connect(&db->common, why))
		result = ask(db, sql, count, args, why);
	if (!result && old && !db->conn && !pg_connect(&db->common, why))
		result = ask(db, sql, count, args, why);
	return result;
}

static int pg_find_key(struct userdb *common, const char *realm,
		       const char *name, uint8_t key[static USERDB_KEY_LEN],
		       char why[static USERDB_WHY_LEN])
{
	const char *const args[] = { realm, name };
	char sql[SQL_LEN];
	PGresult *result;
	int ret = -ENOENT;

	sql_find_key(sql);
	result = run(pg_of(common), sql, 2, args, why);
	if (!result)
		return -EIO;
	if (PQntuples(result) > 0)
		ret = userdb_key_parse(PQgetvalue(result, 0, 0), key);
	PQclear(result);
	if (ret == -EBADMSG)
		userdb_fail(common, why, 0,
			    "what it has for user '%s' of realm '%s' is no MD5 key",
			    name, realm);
	return ret;
}

static int pg_list(struct userdb *common, enum userdb_table table,
		   const char *realm, userdb_row_fn *fn, void *arg,
		   char why[static USERDB_WHY_LEN])
{
	const char *row[USERDB_COLUMNS_MAX];
	char sql[SQL_LEN];
	PGresult *result;
	int ret = 0;

	sql_list(table, realm != NULL, sql);
	result = run(pg_of(common), sql, realm ? 1 : 0, &realm, why);
	if (!result)
		return -EIO;
	for (int i = 0; i < PQntuples(result) && !ret; i++) {
		for (int j = 0; j < PQnfields(result); j++)
			row[j] = PQgetvalue(result, i, j);
		ret = fn(arg, row);
	}
	PQclear(result);
	return ret;
}

static int pg_put(struct userdb *common, enum userdb_table table,
		  const char *const *row, char why[static USERDB_WHY_LEN])
{
	char sql[SQL_LEN];
	PGresult *result;

	sql_put(table, sql);
	result = run(pg_of(common), sql, (int)userdb_columns(table), row, why);
	PQclear(result);
	return result ? 0 : -EIO;
}

static int pg_remove(struct userdb *common, enum userdb_table table,
		     const char *const *row, char why[static USERDB_WHY_LEN])
{
	char sql[SQL_LEN];
	PGresult *result;
	bool any;

	sql_remove(table, sql);
	result = run(pg_of(common), sql, (int)userdb_key_columns(table), row,
		     why);
	if (!result)
		return -EIO;
	any = strcmp(PQcmdTuples(result), "0") != 0;
	PQclear(result);
	return any ? 0 : -ENOENT;
}

static int pg_create(struct userdb *common, char why[static USERDB_WHY_LEN])
{
	char sql[SQL_LEN];
	PGresult *result;

	for (int table = 0; table < USERDB_TABLES; table++) {
		sql_create((enum userdb_table)table, sql);
		result = run(pg_of(common), sql, 0, NULL, why);
		if (!result)
			return -EIO;
		PQclear(result);
	}
	return 0;
}

const struct userdb_backend userdb_postgresql = {
	.open = pg_open,
	.close = pg_close,
	.connect = pg_connect,
	.find_key = pg_find_key,
	.list = pg_list,
	.put = pg_put,
	.remove = pg_remove,
	.create = pg_create,
};
