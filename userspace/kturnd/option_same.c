// SPDX-License-Identifier: BSD-3-Clause
/*
 * What changed between two configurations: values compared as they are held,
 * so that "on" and "yes" are the same.
 */
#include <string.h>

#include "kturnd/options.h"

/**
 * typedef same_fn - are two values of a kind the same?
 * @a: where the option's target is in one configuration
 * @b: and in the other
 */
typedef bool same_fn(const void *a, const void *b);

static bool same_flag(const void *a, const void *b)
{
	return *(const bool *)a == *(const bool *)b;
}

static bool same_number(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

static bool same_rate(const void *a, const void *b)
{
	return *(const uint64_t *)a == *(const uint64_t *)b;
}

static bool same_choice(const void *a, const void *b)
{
	return *(const int *)a == *(const int *)b;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_string(const void *a, const void *b)
{
	return same_text(*(char *const *)a, *(char *const *)b);
}

static bool same_strings(const void *a, const void *b)
{
	const struct config_strings *x = a, *y = b;

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!same_text(x->v[i], y->v[i]))
			return false;
	return true;
}

static bool same_addrs(const void *a, const void *b)
{
	const struct config_addrs *x = a, *y = b;

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!transport_addr_equal(&x->v[i], &y->v[i]))
			return false;
	return true;
}

static bool same_externals(const void *a, const void *b)
{
	const struct config_externals *x = a, *y = b;

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!transport_addr_equal(&x->v[i].public_ip,
					  &y->v[i].public_ip) ||
		    !transport_addr_equal(&x->v[i].private_ip,
					  &y->v[i].private_ip))
			return false;
	return true;
}

static bool same_ranges(const void *a, const void *b)
{
	const struct config_ranges *x = a, *y = b;

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!transport_addr_equal(&x->v[i].first, &y->v[i].first) ||
		    !transport_addr_equal(&x->v[i].last, &y->v[i].last))
			return false;
	return true;
}

static bool same_users(const void *a, const void *b)
{
	const struct config_users *x = a, *y = b;

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!same_text(x->v[i].name, y->v[i].name) ||
		    !same_text(x->v[i].password, y->v[i].password) ||
		    memcmp(x->v[i].key, y->v[i].key,
			   sizeof(x->v[i].key)) != 0)
			return false;
	return true;
}

static bool same_xdps(const void *a, const void *b)
{
	const struct config_xdps *x = a, *y = b;

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!same_text(x->v[i].device, y->v[i].device) ||
		    x->v[i].generic != y->v[i].generic)
			return false;
	return true;
}

static bool same_userdb(const void *a, const void *b)
{
	const struct config_userdb *x = a, *y = b;

	return x->kind == y->kind && same_text(x->where, y->where);
}

/* The way a value is taken over says what kind it is of. */
static const struct {
	option_set *set;
	same_fn *same;
} kinds[] = {
	{ option_set_flag, same_flag },
	{ option_set_flag_off, same_flag },
	{ option_set_dtls, same_flag },
	{ option_set_number, same_number },
	{ option_set_stale_nonce, same_number },
	{ option_set_rate, same_rate },
	{ option_set_choice, same_choice },
	{ option_set_keep_family, same_choice },
	{ option_set_string, same_string },
	{ option_set_log_file, same_string },
	{ option_set_secret, same_strings },
	{ option_set_oauth_key, same_strings },
	{ option_set_address, same_addrs },
	{ option_set_server, same_addrs },
	{ option_set_external, same_externals },
	{ option_set_range, same_ranges },
	{ option_set_nat64_prefix, same_ranges },
	{ option_set_user, same_users },
	{ option_set_xdp, same_xdps },
	{ option_set_userdb, same_userdb },
	{ option_set_redis_userdb, same_userdb },
	{ option_set_psql_userdb, same_userdb },
	{ option_set_statsdb, same_string },
};

bool option_same(const struct option *opt, const struct kturnd_config *a,
		 const struct kturnd_config *b)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].set == opt->set)
			return kinds[i].same((const char *)a + opt->target,
					     (const char *)b + opt->target);
	return false;
}
