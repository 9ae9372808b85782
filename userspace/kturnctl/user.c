// SPDX-License-Identifier: BSD-3-Clause
/* kturnctl user, kturnctl secret: who may use the relay, in a user database. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "kturnctl/database.h"
#include "kturnctl/secret_input.h"
#include "kturnctl/table.h"
#include "stun/integrity.h"
#include "turn/opaque_string.h"

#define PASSWORD_LEN	514

/* A secret is known by the beginning of its SHA-256. */
#define FINGERPRINT_LEN	16

#define FORM_LEN	(OPAQUE_STRING_MAX + 1)

/**
 * struct job - what a command works on
 * @ctx: the command line
 * @database: open
 * @name: what it named: a fingerprint, or a user in the form in which kturnd
 *	looks for him
 */
struct job {
	struct context *ctx;
	struct database database;
	char name[FORM_LEN];
};

static int failed(const char *why)
{
	complain("%s", why);
	return EXIT_REFUSED;
}

static int need_realm(const struct job *job)
{
	if (job->database.realm)
		return EXIT_DONE;
	complain("which realm? Say it by --realm, or let kturnd's configuration say realm=NAME");
	return EXIT_USAGE;
}

/* The form in which names and passwords are compared (RFC 8489 14.3). */
static int prepare(const char *what, const char *text,
		   char form[static FORM_LEN])
{
	uint8_t buf[OPAQUE_STRING_MAX];
	struct stun_bytes prepared;
	int ret = opaque_string(stun_bytes(text), buf, &prepared);

	if (!ret) {
		memcpy(form, prepared.data, prepared.len);
		form[prepared.len] = '\0';
	} else {
		complain("the %s is empty, too long, no UTF-8, or has characters that RFC 8265 does not allow",
			 what);
	}
	explicit_bzero(buf, sizeof(buf));
	return ret ? EXIT_USAGE : EXIT_DONE;
}

static int make_key(const struct job *job, const char *password,
		    char hex[static USERDB_KEY_HEX_LEN + 1])
{
	struct stun_crypto *crypto = stun_crypto_new();
	struct stun_key key;
	int ret = -ENOMEM;

	if (crypto)
		ret = stun_key_long_term(crypto, STUN_PASSWORD_MD5,
					 stun_bytes(job->name),
					 stun_bytes(job->database.realm),
					 stun_bytes(password), &key);
	stun_crypto_free(crypto);
	if (ret)
		return failed("the key cannot be computed: OpenSSL has no MD5 here (FIPS mode?)");
	userdb_key_print(key.bytes, hex);
	explicit_bzero(&key, sizeof(key));
	return EXIT_DONE;
}

static int put(struct job *job, enum userdb_table table, const char *const *row)
{
	char why[USERDB_WHY_LEN];

	if (userdb_put(job->database.db, table, row, why))
		return failed(why);
	database_changed(job->ctx, &job->database);
	return EXIT_DONE;
}

static int user_add(struct job *job)
{
	char hex[USERDB_KEY_HEX_LEN + 1], form[FORM_LEN];
	char password[PASSWORD_LEN];
	const char *row[] = { job->database.realm, job->name, hex };
	int code = need_realm(job);

	if (code)
		return code;
	if (secret_read("password", password, sizeof(password)))
		return EXIT_USAGE;
	code = prepare("password", password, form) ?:
	       make_key(job, form, hex);
	explicit_bzero(password, sizeof(password));
	explicit_bzero(form, sizeof(form));
	return code ?: put(job, USERDB_USERS, row);
}

static int user_delete(struct job *job)
{
	const char *row[] = { job->database.realm, job->name };
	char why[USERDB_WHY_LEN];
	int ret, code = need_realm(job);

	if (code)
		return code;
	ret = userdb_remove(job->database.db, USERDB_USERS, row, why);
	if (ret == -ENOENT) {
		complain("there is no user '%s' in realm '%s' of %s", row[1],
			 row[0], userdb_name(job->database.db));
		return EXIT_REFUSED;
	}
	if (ret)
		return failed(why);
	database_changed(job->ctx, &job->database);
	return EXIT_DONE;
}

static void add_text(struct json_object *row, const char *name,
		     const char *text)
{
	json_object_object_add(row, name, json_object_new_string(text));
}

static int list_user(void *arg, const char *const *row)
{
	struct json_object *user = json_object_new_object();

	add_text(user, "realm", row[0]);
	add_text(user, "name", row[1]);
	return json_object_array_add(arg, user);
}

static void fingerprint(const char *secret, char hex[static FINGERPRINT_LEN + 1])
{
	uint8_t hash[EVP_MAX_MD_SIZE] = { 0 };

	EVP_Digest(secret, strlen(secret), hash, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < FINGERPRINT_LEN / 2; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

static int list_secret(void *arg, const char *const *row)
{
	struct json_object *secret = json_object_new_object();
	char hex[FINGERPRINT_LEN + 1];

	fingerprint(row[1], hex);
	add_text(secret, "realm", row[0]);
	add_text(secret, "fingerprint", hex);
	return json_object_array_add(arg, secret);
}

static void print_rows(struct json_object *rows, const char *second)
{
	struct table table = { 0 };

	table_row(&table, (const char *[]){ "REALM", strcmp(second, "name") ?
					    "FINGERPRINT" : "NAME", NULL });
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		table_row(&table, (const char *[]){ json_text(row, "realm"),
						    json_text(row, second),
						    NULL });
	}
	table_print(&table);
}

static int list(struct job *job, enum userdb_table table, const char *what,
		userdb_row_fn *fn, const char *second)
{
	struct json_object *document = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	char why[USERDB_WHY_LEN];
	int ret;

	json_object_object_add(document, what, rows);
	/* The realm of the configuration is for adding; the list is of all. */
	ret = userdb_list(job->database.db, table, job->ctx->realm, fn, rows,
			  why);
	if (!ret && job->ctx->json)
		print_json(document);
	else if (!ret)
		print_rows(rows, second);
	json_object_put(document);
	return ret ? failed(why) : EXIT_DONE;
}

static int user_list(struct job *job)
{
	return list(job, USERDB_USERS, "users", list_user, "name");
}

static int secret_list(struct job *job)
{
	return list(job, USERDB_SECRETS, "secrets", list_secret, "fingerprint");
}

static int secret_add(struct job *job)
{
	char secret[PASSWORD_LEN];
	const char *row[] = { job->database.realm, secret };
	int code = need_realm(job);

	if (code)
		return code;
	if (secret_read("secret", secret, sizeof(secret)))
		return EXIT_USAGE;
	code = put(job, USERDB_SECRETS, row);
	explicit_bzero(secret, sizeof(secret));
	return code;
}

/* The secret of a fingerprint. */
struct search {
	const char *fingerprint;
	char secret[PASSWORD_LEN];
};

static int match_secret(void *arg, const char *const *row)
{
	struct search *search = arg;
	char hex[FINGERPRINT_LEN + 1];

	fingerprint(row[1], hex);
	if (!strcmp(hex, search->fingerprint))
		snprintf(search->secret, sizeof(search->secret), "%s", row[1]);
	return 0;
}

static int secret_delete(struct job *job)
{
	struct search search = { .fingerprint = job->name };
	const char *row[] = { job->database.realm, search.secret };
	char why[USERDB_WHY_LEN];
	int ret, code = need_realm(job);

	if (code)
		return code;
	ret = userdb_list(job->database.db, USERDB_SECRETS,
			  job->database.realm, match_secret, &search, why);
	if (!ret && !search.secret[0]) {
		complain("realm '%s' has no secret with the fingerprint %s; 'kturnctl secret list' shows them",
			 row[0], job->name);
		return EXIT_REFUSED;
	}
	if (!ret)
		ret = userdb_remove(job->database.db, USERDB_SECRETS, row,
				    why);
	explicit_bzero(&search, sizeof(search));
	/* Somebody else removed it meanwhile: gone is gone. */
	if (ret && ret != -ENOENT)
		return failed(why);
	database_changed(job->ctx, &job->database);
	return EXIT_DONE;
}

/* What can be done, and what has to be named for it. */
struct verb {
	const char *name;
	const char *object;
	int (*run)(struct job *job);
};

static const struct verb user_verbs[] = {
	{ "add", "NAME", user_add },
	{ "list", NULL, user_list },
	{ "delete", "NAME", user_delete },
	{ 0 },
};

static const struct verb secret_verbs[] = {
	{ "add", NULL, secret_add },
	{ "list", NULL, secret_list },
	{ "delete", "FINGERPRINT", secret_delete },
	{ 0 },
};

static const struct verb *find_verb(const struct verb *verbs,
				    const char *command, int argc, char **argv)
{
	const struct verb *verb;

	if (argc == 0) {
		complain("%s what? There are add, list and delete", command);
		return NULL;
	}
	for (verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, argv[0]))
			break;
	if (!verb->name) {
		complain("%s: unknown \"%s\": there are add, list and delete",
			 command, argv[0]);
		return NULL;
	}
	if (argc == (verb->object ? 2 : 1))
		return verb;
	complain("usage: kturnctl %s %s%s%s", command, verb->name,
		 verb->object ? " " : "", verb->object ?: "");
	return NULL;
}

static int run(struct context *ctx, const struct verb *verbs,
	       const char *command, int argc, char **argv)
{
	const struct verb *verb = find_verb(verbs, command, argc, argv);
	struct job job = { .ctx = ctx };
	int code;

	if (!verb || (verb->object && prepare("name", argv[1], job.name)))
		return EXIT_USAGE;
	code = database_open(ctx, &job.database, strcmp(verb->name, "list"));
	if (!code)
		code = verb->run(&job);
	database_close(&job.database);
	return code;
}

int command_user(struct context *ctx, int argc, char **argv)
{
	return run(ctx, user_verbs, "user", argc, argv);
}

int command_secret(struct context *ctx, int argc, char **argv)
{
	return run(ctx, secret_verbs, "secret", argc, argv);
}
