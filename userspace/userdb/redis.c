// SPDX-License-Identifier: BSD-3-Clause
/*
 * Redis, with coturn's keys (its schema.userdb.redis):
 *
 *	turn/realm/R/user/U/key		string: key in hexadecimal
 *	turn/realm/R/user/U/password	string, of old databases
 *	turn/realm/R/secret		set of secrets
 *	turn/realm/R/allowed-peer-ip	set of ranges; denied-peer-ip likewise
 *	turn/realm/R/max-bps		string; total-quota, user-quota likewise
 *	turn/origin/O			string: realm
 *	turn/oauth/kid/K		hash
 */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "stun/integrity.h"
#include "userdb/backend.h"
#include "userdb/redis_keys.h"
#include "userdb/redis_place.h"

/* Keys that a step of SCAN looks at. */
#define SCAN_COUNT	"1000"

/**
 * struct redis_db - a Redis database
 * @common: for all backends
 * @place: where it is
 * @conn: connection, or NULL
 */
struct redis_db {
	struct userdb common;
	struct redis_place place;
	redisContext *conn;
};

static struct redis_db *redis_of(struct userdb *db)
{
	return (struct redis_db *)db;
}

static void disconnect(struct redis_db *db)
{
	if (db->conn)
		redisFree(db->conn);
	db->conn = NULL;
}

static void redis_close(struct userdb *common)
{
	struct redis_db *db = redis_of(common);

	disconnect(db);
	free(common->name);
	explicit_bzero(&db->place, sizeof(db->place));
	free(db);
}

static int redis_open(struct userdb **out, const char *where,
		      unsigned int flags, char why[static USERDB_WHY_LEN])
{
	struct redis_db *db = calloc(1, sizeof(*db));
	int ret = -ENOMEM;

	(void)flags;
	if (!db) {
		snprintf(why, USERDB_WHY_LEN, "out of memory");
		return ret;
	}
	db->common.backend = &userdb_redis;
	ret = redis_place_parse(&db->place, where, why);
	if (!ret && asprintf(&db->common.name, "Redis database %s at %s port %d",
			     db->place.dbname, db->place.host,
			     db->place.port) < 0) {
		db->common.name = NULL;
		snprintf(why, USERDB_WHY_LEN, "out of memory");
		ret = -ENOMEM;
	}
	if (ret)
		redis_close(&db->common);
	else
		*out = &db->common;
	return ret;
}

static int redis_connect(struct userdb *common,
			 char why[static USERDB_WHY_LEN])
{
	struct redis_db *db = redis_of(common);
	char text[USERDB_WHY_LEN];

	if (!db->conn)
		db->conn = redis_place_connect(&db->place, text);
	return db->conn ? 0 : userdb_fail(common, why, -EIO, "%s", text);
}

static redisReply *ask(struct redis_db *db, int argc, const char **argv,
		       char why[static USERDB_WHY_LEN])
{
	redisReply *reply = redisCommandArgv(db->conn, argc, argv, NULL);

	if (!reply) {
		bool late = db->conn->err == REDIS_ERR_IO && errno == EAGAIN;

		if (late)
			userdb_fail(&db->common, why, 0,
				    "no answer within %d s",
				    db->place.timeout_s);
		else
			userdb_fail(&db->common, why, 0, "%s",
				    db->conn->errstr);
		disconnect(db);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		userdb_fail(&db->common, why, 0, "%s", reply->str);
		freeReplyObject(reply);
		reply = NULL;
	}
	return reply;
}

/*
 * One command, @argv ends with NULL. An idle connection may have been closed
 * by the server, which only shows when something is sent: so a command that
 * fails on an old connection is tried on a new one.
 */
static redisReply *run(struct redis_db *db, const char **argv,
		       char why[static USERDB_WHY_LEN])
{
	bool old = db->conn;
	redisReply *reply = NULL;
	int argc = 0;

	while (argv[argc])
		argc++;
	if (!redis_connect(&db->common, why))
		reply = ask(db, argc, argv, why);
	if (!reply && old && !db->conn && !redis_connect(&db->common, why))
		reply = ask(db, argc, argv, why);
	return reply;
}

#define RUN(db, why, ...) \
	run(db, (const char *[]){ __VA_ARGS__, NULL }, why)

/* A string, to be freed; NULL with @ret -ENOENT or -EIO. */
static char *get_string(struct redis_db *db, const char *key, int *ret,
			char why[static USERDB_WHY_LEN])
{
	redisReply *reply = RUN(db, why, "GET", key);
	char *text = NULL;

	*ret = reply ? -ENOENT : -EIO;
	if (reply && reply->type == REDIS_REPLY_STRING) {
		text = strdup(reply->str);
		*ret = text ? 0 : -ENOMEM;
	}
	if (reply)
		freeReplyObject(reply);
	return text;
}

static void free_secret(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static int key_of_password(const char *realm, const char *name,
			   const char *password,
			   uint8_t key[static USERDB_KEY_LEN])
{
	struct stun_crypto *crypto = stun_crypto_new();
	struct stun_key made;
	int ret;

	if (!crypto)
		return -ENOMEM;
	ret = stun_key_long_term(crypto, STUN_PASSWORD_MD5, stun_bytes(name),
				 stun_bytes(realm), stun_bytes(password),
				 &made);
	stun_crypto_free(crypto);
	if (!ret)
		memcpy(key, made.bytes, USERDB_KEY_LEN);
	explicit_bzero(&made, sizeof(made));
	return ret ? -EBADMSG : 0;
}

static int redis_find_key(struct userdb *common, const char *realm,
			  const char *name, uint8_t key[static USERDB_KEY_LEN],
			  char why[static USERDB_WHY_LEN])
{
	const char *const row[] = { realm, name };
	const struct redis_shape *shape = NULL;
	struct redis_db *db = redis_of(common);
	char path[REDIS_KEY_LEN];
	int ret = -ENOENT;

	while (ret == -ENOENT &&
	       (shape = redis_shape_next(USERDB_USERS, shape))) {
		char *text = get_string(db, redis_key_make(shape, row, path),
					&ret, why);

		if (text && shape->value == REDIS_PASSWORD)
			ret = key_of_password(realm, name, text, key);
		else if (text)
			ret = userdb_key_parse(text, key);
		free_secret(text);
	}
	if (ret == -EBADMSG)
		userdb_fail(common, why, 0,
			    "what it has for user '%s' of realm '%s' is no MD5 key",
			    name, realm);
	return ret;
}

/**
 * struct texts - a list of strings, owned
 * @v: the strings
 * @n: how many
 */
struct texts {
	char **v;
	size_t n;
};

static void texts_free(struct texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		free_secret(texts->v[i]);
	free(texts->v);
}

static int add_reply(struct texts *texts, const redisReply *array)
{
	char **grown = reallocarray(texts->v, texts->n + array->elements + 1,
				    sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	texts->v = grown;
	for (size_t i = 0; i < array->elements; i++) {
		const redisReply *item = array->element[i];

		if (item->type != REDIS_REPLY_STRING)
			continue;
		texts->v[texts->n] = strdup(item->str);
		if (!texts->v[texts->n])
			return -ENOMEM;
		texts->n++;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct texts *texts)
{
	if (texts->n)
		qsort(texts->v, texts->n, sizeof(*texts->v), compare);
}

/* One step of SCAN: true while there are more. */
static bool scan_step(struct redis_db *db, const char *pattern,
		      char cursor[static 24], struct texts *keys, int *ret,
		      char why[static USERDB_WHY_LEN])
{
	redisReply *reply = RUN(db, why, "SCAN", cursor, "MATCH", pattern,
				"COUNT", SCAN_COUNT);

	*ret = -EIO;
	if (!reply)
		return false;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
		snprintf(cursor, 24, "%s", reply->element[0]->str);
		*ret = add_reply(keys, reply->element[1]);
	} else {
		userdb_fail(&db->common, why, 0, "SCAN has an odd answer");
	}
	freeReplyObject(reply);
	return !*ret && strcmp(cursor, "0") != 0;
}

/* SCAN may tell a key twice; and @emit wants them in order. */
static int find_keys(struct redis_db *db, const struct redis_shape *shape,
		     const char *realm, struct texts *keys,
		     char why[static USERDB_WHY_LEN])
{
	char pattern[REDIS_KEY_LEN], cursor[24] = "0";
	int ret;

	redis_key_pattern(shape, realm, pattern);
	while (scan_step(db, pattern, cursor, keys, &ret, why))
		;
	sort(keys);
	return ret;
}

/**
 * struct walk - a userdb_list() under way
 * @db: the database
 * @table: the table
 * @shape: of the keys at hand
 * @realm: only rows of this realm, or NULL
 * @fn: gets each row
 * @arg: for @fn
 * @why: for failures
 */
struct walk {
	struct redis_db *db;
	enum userdb_table table;
	const struct redis_shape *shape;
	const char *realm;
	userdb_row_fn *fn;
	void *arg;
	char *why;
};

static int emit_string(const struct walk *walk, const char *key,
		       const char **row)
{
	unsigned int last = userdb_columns(walk->table) - 1;
	char *text;
	int ret;

	text = get_string(walk->db, key, &ret, walk->why);
	if (!text)
		return ret == -ENOENT ? 0 : ret;
	row[last] = walk->shape->value == REDIS_PASSWORD ? "" : text;
	/* Origins have the realm as their value. */
	if (walk->table != USERDB_ORIGINS || !walk->realm ||
	    strcmp(walk->realm, text) == 0)
		ret = walk->fn(walk->arg, row);
	free_secret(text);
	return ret;
}

static int emit_set(const struct walk *walk, const char *key, const char **row)
{
	redisReply *reply = RUN(walk->db, walk->why, "SMEMBERS", key);
	struct texts members = { 0 };
	int ret;

	if (!reply)
		return -EIO;
	ret = add_reply(&members, reply);
	freeReplyObject(reply);
	sort(&members);
	for (size_t i = 0; i < members.n && !ret; i++) {
		row[1] = members.v[i];
		ret = walk->fn(walk->arg, row);
	}
	texts_free(&members);
	return ret;
}

/* Columns of USERDB_OAUTH_KEYS after the first, and what they are without. */
static const char *const oauth_fields[][2] = {
	{ "ikm_key", "" }, { "timestamp", "0" }, { "lifetime", "0" },
	{ "as_rs_alg", "A256GCM" }, { "realm", "" },
};

#define OAUTH_FIELDS (sizeof(oauth_fields) / sizeof(oauth_fields[0]))

static int emit_hash(const struct walk *walk, const char *key,
		     const char **row)
{
	redisReply *reply = RUN(walk->db, walk->why, "HGETALL", key);
	int ret = 0;

	if (!reply)
		return -EIO;
	for (size_t i = 0; i < OAUTH_FIELDS; i++)
		row[1 + i] = oauth_fields[i][1];
	for (size_t at = 0; at + 1 < reply->elements; at += 2)
		for (size_t i = 0; i < OAUTH_FIELDS; i++)
			if (strcmp(reply->element[at]->str,
				   oauth_fields[i][0]) == 0)
				row[1 + i] = reply->element[at + 1]->str;
	if (!walk->realm || strcmp(walk->realm, row[OAUTH_FIELDS]) == 0)
		ret = walk->fn(walk->arg, row);
	freeReplyObject(reply);
	return ret;
}

static int emit(const struct walk *walk, const char *key)
{
	const char *row[USERDB_COLUMNS_MAX] = { 0 };
	char parts[REDIS_KEY_LEN];

	if (snprintf(parts, sizeof(parts), "%s", key) >= (int)sizeof(parts) ||
	    !redis_key_parse(walk->shape, parts, row))
		return 0;
	switch (walk->shape->value) {
	case REDIS_STRING:
	case REDIS_PASSWORD:
		return emit_string(walk, key, row);
	case REDIS_SET:
		return emit_set(walk, key, row);
	case REDIS_HASH:
		return emit_hash(walk, key, row);
	}
	return 0;
}

static int redis_list(struct userdb *common, enum userdb_table table,
		      const char *realm, userdb_row_fn *fn, void *arg,
		      char why[static USERDB_WHY_LEN])
{
	struct walk walk = {
		.db = redis_of(common), .table = table, .realm = realm,
		.fn = fn, .arg = arg, .why = why,
	};
	int ret = 0;

	while (!ret && (walk.shape = redis_shape_next(table, walk.shape))) {
		struct texts keys = { 0 };

		ret = find_keys(walk.db, walk.shape, realm, &keys, why);
		for (size_t i = 0; i < keys.n && !ret; i++)
			if (i == 0 || strcmp(keys.v[i], keys.v[i - 1]) != 0)
				ret = emit(&walk, keys.v[i]);
		texts_free(&keys);
	}
	return ret;
}

static int done(redisReply *reply)
{
	bool any = reply && (reply->type != REDIS_REPLY_INTEGER ||
			     reply->integer > 0);

	if (!reply)
		return -EIO;
	freeReplyObject(reply);
	return any ? 0 : -ENOENT;
}

static redisReply *put_hash(struct redis_db *db, const char *key,
			    const char *const *row,
			    char why[static USERDB_WHY_LEN])
{
	const char *argv[2 + 2 * OAUTH_FIELDS + 1] = { "HSET", key };

	for (size_t i = 0; i < OAUTH_FIELDS; i++) {
		argv[2 + 2 * i] = oauth_fields[i][0];
		argv[3 + 2 * i] = row[1 + i];
	}
	return run(db, argv, why);
}

static int redis_put(struct userdb *common, enum userdb_table table,
		     const char *const *row, char why[static USERDB_WHY_LEN])
{
	const struct redis_shape *shape = redis_shape_of(table, row);
	const char *value = row[userdb_columns(table) - 1];
	struct redis_db *db = redis_of(common);
	char key[REDIS_KEY_LEN];
	int ret;

	if (!shape)
		return userdb_fail(common, why, -EIO, "has no option '%s'",
				   row[1]);
	redis_key_make(shape, row, key);
	if (shape->value == REDIS_SET)
		ret = done(RUN(db, why, "SADD", key, value));
	else if (shape->value == REDIS_HASH)
		ret = done(put_hash(db, key, row, why));
	else
		ret = done(RUN(db, why, "SET", key, value));
	/* It was there before: fine as well. */
	return ret == -ENOENT ? 0 : ret;
}

static int redis_remove(struct userdb *common, enum userdb_table table,
			const char *const *row,
			char why[static USERDB_WHY_LEN])
{
	const struct redis_shape *shape = NULL;
	struct redis_db *db = redis_of(common);
	char key[REDIS_KEY_LEN];
	int ret = -ENOENT, one;

	/* A user may be there by key, by password, or by both. */
	while ((shape = redis_shape_next(table, shape))) {
		if (shape->option && strcmp(shape->option, row[1]) != 0)
			continue;
		redis_key_make(shape, row, key);
		one = shape->value == REDIS_SET ?
		      done(RUN(db, why, "SREM", key, row[1])) :
		      done(RUN(db, why, "DEL", key));
		if (one != -ENOENT)
			ret = one;
		if (ret == -EIO)
			break;
	}
	return ret;
}

/* Keys need no tables. */
static int redis_create(struct userdb *common, char why[static USERDB_WHY_LEN])
{
	return redis_connect(common, why);
}

const struct userdb_backend userdb_redis = {
	.open = redis_open,
	.close = redis_close,
	.connect = redis_connect,
	.find_key = redis_find_key,
	.list = redis_list,
	.put = redis_put,
	.remove = redis_remove,
	.create = redis_create,
};
