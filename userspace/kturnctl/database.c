// SPDX-License-Identifier: BSD-3-Clause
#include "kturnctl/database.h"

#include <errno.h>
#include <string.h>

#include "kturnd/config.h"
#include "kturnd/config_file.h"

/* Errors of the file are kturnd's to tell; but without the file: no database. */
static int read_config(const struct context *ctx, struct kturnd_config *cfg)
{
	struct report report = { 0 };
	struct option_reader reader = { .cfg = cfg, .report = &report };
	int code = EXIT_DONE;

	config_file_read(&reader, ctx->config);
	for (size_t i = 0; i < report.n && report.errors; i++) {
		if (!report.v[i].error)
			continue;
		complain("%s", report.v[i].text);
		code = EXIT_REFUSED;
	}
	report_free(&report);
	return code;
}

static int open_place(struct database *database, enum userdb_kind kind,
		      const char *where, bool write)
{
	char why[USERDB_WHY_LEN];

	if (!userdb_open(&database->db, kind, where, write ? USERDB_WRITE : 0,
			 why))
		return EXIT_DONE;
	complain("the database's place %s", why);
	return EXIT_USAGE;
}

static int open_configured(const struct context *ctx, struct database *database,
			   bool write)
{
	struct kturnd_config cfg;
	int code;

	config_init(&cfg);
	code = read_config(ctx, &cfg);
	if (!code && !cfg.userdb.where) {
		complain("%s names no user database; add userdb=PATH there, or name one by --db",
			 ctx->config);
		code = EXIT_USAGE;
	}
	if (!code)
		code = open_place(database, cfg.userdb.kind, cfg.userdb.where,
				  write);
	if (!code && !database->realm && cfg.realm) {
		database->realm = cfg.realm;
		cfg.realm = NULL;
	}
	database->admin_socket = cfg.admin_socket;
	cfg.admin_socket = NULL;
	config_free(&cfg);
	return code;
}

static int create(const struct context *ctx, struct database *database)
{
	char why[USERDB_WHY_LEN];

	if (!ctx->create || !userdb_create(database->db, why))
		return EXIT_DONE;
	complain("%s", why);
	return EXIT_REFUSED;
}

int database_open(const struct context *ctx, struct database *database,
		  bool write)
{
	enum userdb_kind kind;
	const char *where;
	int code;

	*database = (struct database){ 0 };
	if (ctx->realm) {
		database->realm = strdup(ctx->realm);
		if (!database->realm) {
			complain("out of memory");
			return EXIT_REFUSED;
		}
	}
	if (ctx->db) {
		where = userdb_parse_place(ctx->db, &kind);
		code = open_place(database, kind, where, write);
	} else {
		code = open_configured(ctx, database, write);
	}
	return code ?: create(ctx, database);
}

void database_close(struct database *database)
{
	userdb_close(database->db);
	free(database->realm);
	free(database->admin_socket);
}

void database_changed(const struct context *ctx,
		      const struct database *database)
{
	struct context asking = *ctx;
	struct json_object *request = json_object_new_object();
	struct json_object *result = NULL;
	char why[512];
	int ret;

	json_object_object_add(request, "command",
			       json_object_new_string("userdb-changed"));
	if (!asking.socket)
		asking.socket = database->admin_socket ?: CONFIG_DEFAULT_ADMIN;
	ret = daemon_ask(&asking, request, &result, why, sizeof(why));
	json_object_put(request);
	json_object_put(result);
	if (ret && ret != -ENOENT && ret != -ECONNREFUSED)
		complain("done, but kturnd will notice some seconds later: %s",
			 why);
}
