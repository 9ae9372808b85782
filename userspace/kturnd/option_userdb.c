// SPDX-License-Identifier: BSD-3-Clause
/*
 * The options that name a user database. There is one: as in coturn, the last
 * one named is it. And who is told of sessions.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kturnd/options.h"
#include "userdb/redis_place.h"
#include "userdb/userdb.h"

static int take(struct kturnd_config *cfg, enum userdb_kind kind,
		const char *where, char why[static OPTION_WHY_LEN])
{
	char wrong[USERDB_WHY_LEN];
	struct userdb *db;
	char *copy;

	/* Connects to nothing; only the words are looked at. */
	if (userdb_open(&db, kind, where, 0, wrong)) {
		snprintf(why, OPTION_WHY_LEN, "%.*s", OPTION_WHY_LEN - 1,
			 wrong);
		return -EINVAL;
	}
	userdb_close(db);
	copy = strdup(where);
	if (!copy) {
		snprintf(why, OPTION_WHY_LEN, "cannot be kept: out of memory");
		return -ENOMEM;
	}
	config_wipe_text(cfg->userdb.where);
	cfg->userdb.where = copy;
	cfg->userdb.kind = kind;
	return 0;
}

int option_set_userdb(struct kturnd_config *cfg, const struct option *opt,
		      const char *value, char why[static OPTION_WHY_LEN])
{
	(void)opt;
	return take(cfg, USERDB_SQLITE,
		    value[0] ? value : USERDB_SQLITE_DEFAULT, why);
}

int option_set_redis_userdb(struct kturnd_config *cfg, const struct option *opt,
			    const char *value, char why[static OPTION_WHY_LEN])
{
	(void)opt;
	return take(cfg, USERDB_REDIS, value, why);
}

int option_set_psql_userdb(struct kturnd_config *cfg, const struct option *opt,
			   const char *value, char why[static OPTION_WHY_LEN])
{
	(void)opt;
	return take(cfg, USERDB_POSTGRESQL, value, why);
}

int option_set_statsdb(struct kturnd_config *cfg, const struct option *opt,
		       const char *value, char why[static OPTION_WHY_LEN])
{
	char wrong[USERDB_WHY_LEN], *copy = NULL;
	struct redis_place place;
	int ret = redis_place_parse(&place, value, wrong);

	(void)opt;
	explicit_bzero(&place, sizeof(place));
	if (ret) {
		snprintf(why, OPTION_WHY_LEN, "%.*s", OPTION_WHY_LEN - 1,
			 wrong);
		return ret;
	}
	copy = strdup(value);
	if (!copy) {
		snprintf(why, OPTION_WHY_LEN, "cannot be kept: out of memory");
		return -ENOMEM;
	}
	config_wipe_text(cfg->statsdb);
	cfg->statsdb = copy;
	return 0;
}
