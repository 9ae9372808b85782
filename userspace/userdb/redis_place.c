// SPDX-License-Identifier: BSD-3-Clause
#include "userdb/redis_place.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum word { WORD_HOST, WORD_PORT, WORD_DB, WORD_USER, WORD_PASSWORD,
	    WORD_TIMEOUT };

/* All the names that coturn has for them. */
static const struct {
	const char *name;
	enum word word;
} words[] = {
	{ "ip", WORD_HOST }, { "host", WORD_HOST }, { "addr", WORD_HOST },
	{ "ipaddr", WORD_HOST }, { "hostaddr", WORD_HOST },
	{ "port", WORD_PORT }, { "p", WORD_PORT },
	{ "dbname", WORD_DB }, { "db", WORD_DB }, { "database", WORD_DB },
	{ "user", WORD_USER }, { "uname", WORD_USER }, { "name", WORD_USER },
	{ "username", WORD_USER },
	{ "password", WORD_PASSWORD }, { "pwd", WORD_PASSWORD },
	{ "passwd", WORD_PASSWORD }, { "secret", WORD_PASSWORD },
	{ "connect_timeout", WORD_TIMEOUT }, { "timeout", WORD_TIMEOUT },
};

static int refuse(const char *name, const char *what,
		  char why[static USERDB_WHY_LEN])
{
	snprintf(why, USERDB_WHY_LEN, "has %s %s", name, what);
	return -EINVAL;
}

static int take_text(char *to, size_t size, const char *name,
		     const char *value, char why[static USERDB_WHY_LEN])
{
	size_t len = strlen(value);

	if (len >= size)
		return refuse(name, "with a value that is too long", why);
	memcpy(to, value, len + 1);
	return 0;
}

static int take_number(int *to, int max, const char *name, const char *value,
		       char why[static USERDB_WHY_LEN])
{
	char *end;
	long number = strtol(value, &end, 10);

	if (end == value || *end || number < 0 || number > max)
		return refuse(name, "with a value that is no number, or too high a one", why);
	if (number)
		*to = (int)number;
	return 0;
}

static int take(struct redis_place *place, enum word word, const char *name,
		const char *value, char why[static USERDB_WHY_LEN])
{
	switch (word) {
	case WORD_HOST:
		return take_text(place->host, sizeof(place->host), name,
				 value[0] ? value : "127.0.0.1", why);
	case WORD_PORT:
		return take_number(&place->port, 65535, name, value, why);
	case WORD_DB:
		return take_text(place->dbname, sizeof(place->dbname), name,
				 value, why);
	case WORD_USER:
		return take_text(place->user, sizeof(place->user), name, value,
				 why);
	case WORD_PASSWORD:
		return take_text(place->password, sizeof(place->password),
				 name, value, why);
	case WORD_TIMEOUT:
		return take_number(&place->timeout_s, 60, name, value, why);
	}
	return -EINVAL;
}

static int take_word(struct redis_place *place, char *text,
		     char why[static USERDB_WHY_LEN])
{
	char *value = strchr(text, '=');

	if (!value) {
		/* It may be the end of a password with a space in it. */
		snprintf(why, USERDB_WHY_LEN,
			 "has a word without '='; give words NAME=VALUE, such as ip=127.0.0.1 port=6379 dbname=0 password=P");
		return -EINVAL;
	}
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].name, text) == 0)
			return take(place, words[i].word, text, value, why);
	return refuse("an unknown name:", text, why);
}

int redis_place_parse(struct redis_place *place, const char *where,
		      char why[static USERDB_WHY_LEN])
{
	char *copy = strdup(where), *rest = copy, *word;
	int ret = 0;

	*place = (struct redis_place){
		.host = "127.0.0.1", .port = 6379, .dbname = "0",
		.timeout_s = USERDB_TIMEOUT_S,
	};
	if (!copy)
		return refuse("no room:", "out of memory", why);
	while (!ret && (word = strsep(&rest, " \t")))
		if (*word)
			ret = take_word(place, word, why);
	explicit_bzero(copy, strlen(where));
	free(copy);
	return ret;
}

static redisContext *say(redisContext *conn, redisReply *reply,
			 char why[static USERDB_WHY_LEN])
{
	bool good = reply && reply->type != REDIS_REPLY_ERROR;

	if (!good)
		snprintf(why, USERDB_WHY_LEN, "%s",
			 reply ? reply->str : conn->errstr);
	if (reply)
		freeReplyObject(reply);
	if (good)
		return conn;
	redisFree(conn);
	return NULL;
}

static redisContext *log_in(redisContext *conn,
			    const struct redis_place *place,
			    char why[static USERDB_WHY_LEN])
{
	redisReply *reply;

	/* coturn passes over the user name; so did servers before Redis 6. */
	if (conn && place->password[0]) {
		reply = place->user[0] ?
			redisCommand(conn, "AUTH %s %s", place->user,
				     place->password) :
			redisCommand(conn, "AUTH %s", place->password);
		conn = say(conn, reply, why);
	}
	if (conn && strcmp(place->dbname, "0") != 0)
		conn = say(conn, redisCommand(conn, "SELECT %s", place->dbname),
			   why);
	/* Nothing was asked yet: is it a server, and may we ask? */
	else if (conn)
		conn = say(conn, redisCommand(conn, "PING"), why);
	return conn;
}

struct redisContext *redis_place_connect(const struct redis_place *place,
					 char why[static USERDB_WHY_LEN])
{
	const struct timeval timeout = { .tv_sec = place->timeout_s };
	redisContext *conn = place->host[0] == '/' ?
		redisConnectUnixWithTimeout(place->host, timeout) :
		redisConnectWithTimeout(place->host, place->port, timeout);

	if (!conn) {
		snprintf(why, USERDB_WHY_LEN, "out of memory");
		return NULL;
	}
	if (conn->err || redisSetTimeout(conn, timeout)) {
		snprintf(why, USERDB_WHY_LEN, "%s", conn->errstr);
		redisFree(conn);
		return NULL;
	}
	return log_in(conn, place, why);
}
