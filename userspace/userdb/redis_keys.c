// SPDX-License-Identifier: BSD-3-Clause
#include "userdb/redis_keys.h"

#include <stdio.h>
#include <string.h>

#define BY_REALM "turn/realm/"

static const struct redis_shape shapes[] = {
	{ USERDB_USERS, REDIS_STRING, BY_REALM, "/user/", "/key", NULL },
	/* Of old databases; coturn still reads them. */
	{ USERDB_USERS, REDIS_PASSWORD, BY_REALM, "/user/", "/password", NULL },
	{ USERDB_SECRETS, REDIS_SET, BY_REALM, NULL, "/secret", NULL },
	{ USERDB_ALLOWED_PEERS, REDIS_SET, BY_REALM, NULL, "/allowed-peer-ip",
	  NULL },
	{ USERDB_DENIED_PEERS, REDIS_SET, BY_REALM, NULL, "/denied-peer-ip",
	  NULL },
	{ USERDB_ORIGINS, REDIS_STRING, "turn/origin/", NULL, "", NULL },
	{ USERDB_REALM_OPTIONS, REDIS_STRING, BY_REALM, NULL, "/max-bps",
	  "max-bps" },
	{ USERDB_REALM_OPTIONS, REDIS_STRING, BY_REALM, NULL, "/total-quota",
	  "total-quota" },
	{ USERDB_REALM_OPTIONS, REDIS_STRING, BY_REALM, NULL, "/user-quota",
	  "user-quota" },
	{ USERDB_OAUTH_KEYS, REDIS_HASH, "turn/oauth/kid/", NULL, "", NULL },
};

static const struct redis_shape *const end =
	shapes + sizeof(shapes) / sizeof(shapes[0]);

const struct redis_shape *redis_shape_next(enum userdb_table table,
					   const struct redis_shape *shape)
{
	for (shape = shape ? shape + 1 : shapes; shape < end; shape++)
		if (shape->table == table)
			return shape;
	return NULL;
}

const struct redis_shape *redis_shape_of(enum userdb_table table,
					 const char *const *row)
{
	const struct redis_shape *shape = redis_shape_next(table, NULL);

	while (shape && shape->option && strcmp(shape->option, row[1]) != 0)
		shape = redis_shape_next(table, shape);
	return shape;
}

const char *redis_key_make(const struct redis_shape *shape,
			   const char *const *row,
			   char key[static REDIS_KEY_LEN])
{
	snprintf(key, REDIS_KEY_LEN, "%s%s%s%s%s", shape->prefix, row[0],
		 shape->middle ?: "", shape->middle ? row[1] : "",
		 shape->suffix);
	return key;
}

/* A realm in a pattern stands for itself. */
static size_t add_literal(char *pattern, size_t len, const char *text)
{
	for (; *text && len + 2 < REDIS_KEY_LEN; text++) {
		if (strchr("*?[]\\^", *text))
			pattern[len++] = '\\';
		pattern[len++] = *text;
	}
	return len;
}

void redis_key_pattern(const struct redis_shape *shape, const char *realm,
		       char pattern[static REDIS_KEY_LEN])
{
	size_t len = strlen(shape->prefix);

	memcpy(pattern, shape->prefix, len);
	if (realm && strcmp(shape->prefix, BY_REALM) == 0)
		len = add_literal(pattern, len, realm);
	else
		pattern[len++] = '*';
	snprintf(pattern + len, REDIS_KEY_LEN - len, "%s%s%s",
		 shape->middle ?: "", shape->middle ? "*" : "", shape->suffix);
}

bool redis_key_parse(const struct redis_shape *shape, char *key,
		     const char **row)
{
	size_t len = strlen(key), prefix = strlen(shape->prefix);
	size_t suffix = strlen(shape->suffix);
	char *middle;

	if (len < prefix + suffix ||
	    strncmp(key, shape->prefix, prefix) != 0 ||
	    strcmp(key + len - suffix, shape->suffix) != 0)
		return false;
	key[len - suffix] = '\0';
	row[0] = key + prefix;
	if (shape->option)
		row[1] = shape->option;
	if (!shape->middle)
		return true;
	middle = strstr(key + prefix, shape->middle);
	if (!middle)
		return false;
	*middle = '\0';
	row[1] = middle + strlen(shape->middle);
	return true;
}
