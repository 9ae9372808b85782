// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/user_policy.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kturnd/core_config.h"
#include "kturnd/options.h"

#define COLUMNS 3

/**
 * struct row - a row of a table
 * @table: the table
 * @text: its columns, owned; NULL where it has fewer
 */
struct row {
	enum userdb_table table;
	char *text[COLUMNS];
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
		for (int j = 0; j < COLUMNS; j++)
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
	for (unsigned int i = 0; i < columns && i < COLUMNS; i++) {
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

/* The option of kturnd that says the same for the server as a whole. */
static const char *option_of(const struct row *row)
{
	switch (row->table) {
	case USERDB_ALLOWED_PEERS:
		return "allowed-peer-ip";
	case USERDB_DENIED_PEERS:
		return "denied-peer-ip";
	case USERDB_REALM_OPTIONS:
		return row->text[1];
	default:
		return "";
	}
}

/* Rows without a realm are for all. */
static bool concerns(const struct row *row, const char *realm)
{
	return !row->text[0][0] || strcmp(row->text[0], realm) == 0;
}

static bool is_realm_option(const char *name)
{
	return strcmp(name, "max-bps") == 0 ||
	       strcmp(name, "total-quota") == 0 ||
	       strcmp(name, "user-quota") == 0;
}

/* Values are read as those of the configuration file are. */
static void take_row(const struct row *row, struct kturnd_config *cfg,
		     struct report *report)
{
	const char *value = row->text[userdb_columns(row->table) - 1];
	const struct option *opt = option_find(option_of(row));
	char why[OPTION_WHY_LEN];

	if (row->table == USERDB_REALM_OPTIONS &&
	    !is_realm_option(row->text[1]))
		report_warning(report, NULL,
			       "user database: option '%s' of realm '%s' is not known; passed over",
			       row->text[1], row->text[0]);
	else if (opt->set(cfg, opt, value, why))
		report_warning(report, NULL,
			       "user database: %s of realm '%s': '%s' %s; passed over",
			       opt->name, row->text[0], value, why);
}

void user_policy_apply(const struct user_policy *policy,
		       struct turn_config *core, struct report *report)
{
	struct kturnd_config cfg = { 0 };

	for (size_t i = 0; policy && i < policy->n; i++)
		if (policy->rows[i].table != USERDB_SECRETS &&
		    concerns(&policy->rows[i], core->realm.name))
			take_row(&policy->rows[i], &cfg, report);
	if (core_config_add_ranges(&cfg, core))
		report_error(report, NULL, "out of memory");
	if (cfg.max_bps)
		core->max_bps = cfg.max_bps;
	if (cfg.total_quota)
		core->total_quota = cfg.total_quota;
	if (cfg.user_quota)
		core->user_quota = cfg.user_quota;
	config_free(&cfg);
}
