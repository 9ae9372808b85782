/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a user database says of realms: their secrets, or the rules for them
 * (peers, origins, options), and keys of access tokens. Read now and then as a whole, and not changed any more;
 * counted by reference, for threads go on using the old one for a while.
 */
#ifndef KTURN_KTURND_USER_POLICY_H
#define KTURN_KTURND_USER_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "kturnd/report.h"
#include "turn/config.h"
#include "userdb/userdb.h"

struct user_policy;

/* Sets of tables. */
#define USER_POLICY_SECRETS	(1u << USERDB_SECRETS)
#define USER_POLICY_RULES	(1u << USERDB_ALLOWED_PEERS | \
				 1u << USERDB_DENIED_PEERS | \
				 1u << USERDB_ORIGINS | \
				 1u << USERDB_REALM_OPTIONS)
#define USER_POLICY_TOKENS	(1u << USERDB_OAUTH_KEYS)

/**
 * user_policy_read() - read tables
 * @policy: filled, held once
 * @db: the database
 * @tables: which tables
 * @why: on failure, what is wrong
 *
 * Return: 0, -EIO or -ENOMEM.
 */
int user_policy_read(struct user_policy **policy, struct userdb *db,
		     unsigned int tables, char why[static USERDB_WHY_LEN]);

/** user_policy_get() - hold it once more; NULL is fine */
struct user_policy *user_policy_get(struct user_policy *policy);

/** user_policy_put() - let go; the last one wipes it; NULL is fine */
void user_policy_put(struct user_policy *policy);

/** user_policy_same() - do they say the same? NULL says nothing */
bool user_policy_same(const struct user_policy *a, const struct user_policy *b);

/** user_policy_secret() - secret number @index of a realm, or NULL */
const char *user_policy_secret(const struct user_policy *policy,
			       const char *realm, size_t index);

/**
 * user_policy_apply() - have a core configuration go by the rules
 * @policy: the rules, or NULL
 * @core: the configuration, with its realm
 * @report: gets warnings of what makes no sense, and errors
 */
void user_policy_apply(const struct user_policy *policy,
		       struct turn_config *core, struct report *report);

#endif /* KTURN_KTURND_USER_POLICY_H */
