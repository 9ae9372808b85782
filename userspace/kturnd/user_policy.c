// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/user_policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kturnd/core_config.h"
#include "kturnd/oauth_config.h"
#include "kturnd/options.h"

/**
 * struct row - a row of a table
 * @table: the table
 * @text: its columns, owned; NULL where it has fewer
 */
struct row {
	enum userdb_table table;
	char *text[USERDB_COLUMNS_MAX];
};

/**
 * struct user_policy - see user_policy.h
 * @refs: number of holders
 * @table: table being read
 * @rows: all rows
 * @n: how many
 */
struct user_policy {
	atomic_uint refs;
	enum userdb_table table;
	struct row *rows;
	size_t n;
};

struct user_policy *user_policy_get(struct user_policy *policy)
{
	if (policy)
		atomic_fetch_add(&policy->refs, 1);
	return policy;
}

void user_policy_put(struct user_policy *policy)
{
	if (!policy || atomic_fetch_sub(&policy->refs, 1) > 1)
		return;
	for (size_t i = 0; i < policy->n; i++)
		for (int j = 0; j < USERDB_COLUMNS_MAX; j++)
			config_wipe_text(policy->rows[i].text[j]);
	free(policy->rows);
	free(policy);
}

static int add_row(void *arg, const char *const *text)
{
	struct user_policy *policy = arg;
	unsigned int columns = userdb_columns(policy->table);
	struct row *grown, *row;

	grown = reallocarray(policy->rows, policy->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	policy->rows = grown;
	row = &grown[policy->n++];
	*row = (struct row){ .table = policy->table };
	for (unsigned int i = 0; i < columns; i++) {
		row->text[i] = strdup(text[i]);
		if (!row->text[i])
			return -ENOMEM;
	}
	return 0;
}

int user_policy_read(struct user_policy **out, struct userdb *db,
		     unsigned int tables, char why[static USERDB_WHY_LEN])
{
	struct user_policy *policy = calloc(1, sizeof(*policy));
	int ret = policy ? 0 : -ENOMEM;

	*out = NULL;
	if (policy)
		atomic_init(&policy->refs, 1);
	for (int table = 0; table < USERDB_TABLES && !ret; table++) {
		if (!(tables & 1u << table))
			continue;
		policy->table = (enum userdb_table)table;
		ret = userdb_list(db, policy->table, NULL, add_row, policy,
				  why);
	}
	if (ret == -ENOMEM)
		snprintf(why, USERDB_WHY_LEN, "out of memory");
	if (ret)
		user_policy_put(policy);
	else
		*out = policy;
	return ret;
}

static bool same_row(const struct row *a, const struct row *b)
{
	if (a->table != b->table)
		return false;
	for (unsigned int i = 0; i < userdb_columns(a->table); i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return true;
}

bool user_policy_same(const struct user_policy *a, const struct user_policy *b)
{
	size_t n = a ? a->n : 0;

	if (n != (b ? b->n : 0))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same_row(&a->rows[i], &b->rows[i]))
			return false;
	return true;
}

const char *user_policy_secret(const struct user_policy *policy,
			       const char *realm, size_t index)
{
	for (size_t i = 0; policy && i < policy->n; i++) {
		const struct row *row = &policy->rows[i];

		if (row->table == USERDB_SECRETS && row->text[1][0] &&
		    strcmp(row->text[0], realm) == 0 && index-- == 0)
			return row->text[1];
	}
	return NULL;
}

/* --- rules ------------------------------------------------------------------ */

/**
 * struct rules - rules being applied
 * @core: the configuration that is to go by them
 * @peers: denied-peer-ip and allowed-peer-ip for it
 * @report: gets what is wrong
 */
struct rules {
	struct turn_config *core;
	struct kturnd_config peers;
	struct report *report;
};

__attribute__((format(printf, 3, 4)))
static void pass_over(const struct rules *rules, const struct row *row,
		      const char *format, ...)
{
	const char *what = row->text[1], *realm = row->text[0];
	char text[256];
	va_list args;

	if (row->table == USERDB_ORIGINS) {
		what = row->text[0];
		realm = row->text[1];
	} else if (row->table == USERDB_OAUTH_KEYS) {
		what = row->text[0];
		realm = row->text[5];
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_warning(rules->report, NULL,
		       "user database: '%s' of realm '%s': %s; passed over",
		       what, realm, text);
}

/* Rows without a realm are for all. There is one filter for all realms. */
static void take_peers(struct rules *rules, const struct row *row)
{
	const char *realm = row->text[0];
	const struct option *opt = option_find(
		row->table == USERDB_DENIED_PEERS ? "denied-peer-ip"
						  : "allowed-peer-ip");
	char why[OPTION_WHY_LEN];

	if (realm[0] && strcmp(realm, rules->core->realm.name) != 0) {
		pass_over(rules, row,
			  "peers are denied and allowed for all realms, or for the default one");
		return;
	}
	if (opt->set(&rules->peers, opt, row->text[1], why))
		pass_over(rules, row, "%s %s", opt->name, why);
}

static struct turn_realm *find_realm(struct rules *rules, const struct row *row,
				     const char *name)
{
	struct turn_realm *realm = NULL;
	int ret = turn_config_add_realm(rules->core, name, &realm);

	if (!ret)
		return realm;
	pass_over(rules, row, "the realm: %s", strerror(-ret));
	return NULL;
}

static void take_origin(struct rules *rules, const struct row *row)
{
	struct turn_realm *realm = find_realm(rules, row, row->text[1]);
	int ret = realm ? turn_config_add_origin(rules->core, row->text[0],
						 realm) : 0;

	if (ret)
		pass_over(rules, row, "the origin: %s", strerror(-ret));
}

static bool parse_limit(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno &&
	       *value <= max;
}

static void take_option(struct rules *rules, const struct row *row)
{
	const char *name = row->text[1];
	bool rate = strcmp(name, "max-bps") == 0;
	struct turn_realm *realm;
	uint64_t value;

	if (!rate && strcmp(name, "total-quota") != 0 &&
	    strcmp(name, "user-quota") != 0) {
		pass_over(rules, row, "an option that is not known");
		return;
	}
	if (!parse_limit(row->text[2], rate ? UINT64_MAX : UINT32_MAX,
			 &value)) {
		pass_over(rules, row, "'%.64s' is not a number", row->text[2]);
		return;
	}
	realm = find_realm(rules, row, row->text[0]);
	if (!realm)
		return;
	if (rate)
		realm->max_bps = value;
	else if (name[0] == 't')
		realm->total_quota = (uint32_t)value;
	else
		realm->user_quota = (uint32_t)value;
}

/* A key of the configuration file goes before one of the same id. */
static void take_oauth_key(struct rules *rules, const struct row *row)
{
	struct turn_oauth_key_setup setup = {
		.kid = row->text[0], .algorithm = row->text[4],
	};
	const char *realm = row->text[5];
	uint64_t from = 0, lifetime = 0;
	int ret;

	if (!rules->core->oauth_server_name[0])
		return;
	if ((row->text[2][0] && !parse_limit(row->text[2], INT64_MAX, &from)) ||
	    (row->text[3][0] &&
	     !parse_limit(row->text[3], UINT32_MAX, &lifetime))) {
		pass_over(rules, row,
			  "timestamp and lifetime are not both numbers of seconds");
		return;
	}
	setup.timestamp = from;
	setup.lifetime = (uint32_t)lifetime;
	if (realm[0]) {
		setup.realm = find_realm(rules, row, realm);
		if (!setup.realm)
			return;
	}
	ret = oauth_config_add_key(rules->core, &setup, row->text[1]);
	if (ret)
		pass_over(rules, row, "the key of access tokens %s",
			  oauth_config_explain(ret));
}

static void take_row(struct rules *rules, const struct row *row)
{
	switch (row->table) {
	case USERDB_ALLOWED_PEERS:
	case USERDB_DENIED_PEERS:
		take_peers(rules, row);
		break;
	case USERDB_ORIGINS:
		take_origin(rules, row);
		break;
	case USERDB_REALM_OPTIONS:
		take_option(rules, row);
		break;
	case USERDB_OAUTH_KEYS:
		take_oauth_key(rules, row);
		break;
	case USERDB_USERS:
	case USERDB_SECRETS:
	case USERDB_TABLES:
		break;
	}
}

void user_policy_apply(const struct user_policy *policy,
		       struct turn_config *core, struct report *report)
{
	struct rules rules = { .core = core, .report = report };

	for (size_t i = 0; policy && i < policy->n; i++)
		take_row(&rules, &policy->rows[i]);
	if (core_config_add_ranges(&rules.peers, core))
		report_error(report, NULL, "out of memory");
	config_free(&rules.peers);
}
