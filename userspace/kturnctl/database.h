/* SPDX-License-Identifier: BSD-3-Clause */
/* Which user database, and which realm: from --db and --realm, or as kturnd's
 * configuration file says. */
#ifndef KTURN_KTURNCTL_DATABASE_H
#define KTURN_KTURNCTL_DATABASE_H

#include "kturnctl/kturnctl.h"
#include "userdb/userdb.h"

/**
 * struct database - what users and secrets are kept in
 * @db: open
 * @realm: realm to work on, owned; NULL if none was said
 * @admin_socket: of the kturnd whose configuration was read, owned, or NULL
 */
struct database {
	struct userdb *db;
	char *realm;
	char *admin_socket;
};

/**
 * database_open() - open what the command line means
 * @ctx: the command line
 * @database: filled
 * @write: rows will be written
 *
 * Complains on failure.
 *
 * Return: EXIT_DONE or another exit code.
 */
int database_open(const struct context *ctx, struct database *database,
		  bool write);

/** database_close() - let go of it; fine after a failure, too */
void database_close(struct database *database);

/**
 * database_changed() - have a running kturnd forget what it knows of users
 * @ctx: the command line
 * @database: what was changed
 *
 * Without a kturnd that is nothing to do.
 */
void database_changed(const struct context *ctx,
		      const struct database *database);

#endif /* KTURN_KTURNCTL_DATABASE_H */
