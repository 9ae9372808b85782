/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a Redis server is: coturn's connection string. */
#ifndef KTURN_USERDB_REDIS_PLACE_H
#define KTURN_USERDB_REDIS_PLACE_H

#include "userdb/userdb.h"

#define REDIS_HOST_LEN		256
#define REDIS_WORD_LEN		256

/**
 * struct redis_place - how to reach a Redis server
 * @host: address or name; beginning with / the path of a socket
 * @port: TCP port
 * @dbname: number of the database
 * @user: user name for AUTH, or ""
 * @password: password, or ""
 * @timeout_s: for connecting, and for each command
 */
struct redis_place {
	char host[REDIS_HOST_LEN];
	int port;
	char dbname[REDIS_WORD_LEN];
	char user[REDIS_WORD_LEN];
	char password[REDIS_WORD_LEN];
	int timeout_s;
};

/**
 * redis_place_parse() - read a connection string
 * @place: filled; what is not said has its default
 * @where: words NAME=VALUE with spaces between them: ip (host, addr, ipaddr,
 *	hostaddr), port (p), dbname (db, database), user (uname, name,
 *	username), password (pwd, passwd, secret), connect_timeout (timeout)
 * @why: on failure, what is wrong; never a password
 *
 * Return: 0 or -EINVAL.
 */
int redis_place_parse(struct redis_place *place, const char *where,
		      char why[static USERDB_WHY_LEN]);

struct redisContext;

/**
 * redis_place_connect() - make a connection, log in, choose the database
 * @place: where to
 * @why: on failure, what is wrong; begins in the middle of a sentence
 *
 * Return: the connection, or NULL.
 */
struct redisContext *redis_place_connect(const struct redis_place *place,
					 char why[static USERDB_WHY_LEN]);

#endif /* KTURN_USERDB_REDIS_PLACE_H */
