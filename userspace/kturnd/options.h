/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of options: one row holds an option's name, what values it takes,
 * where they go, and what it is for. Parser and --help read the same rows.
 */
#ifndef KTURN_KTURND_OPTIONS_H
#define KTURN_KTURND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kturnd/config.h"
#include "kturnd/report.h"

/* Room for the text that says what is wrong with a value. */
#define OPTION_WHY_LEN 160

/* More rows than the table has; checked when it is compiled. */
#define OPTION_MAX 224

/* enum option_value - does the option take a value? */
enum option_value {
	OPTION_FLAG,		/* on when bare; or on, off, yes, no, ... */
	OPTION_VALUE,		/* must have one */
	OPTION_VALUE_MAYBE,	/* may have one */
};

/* enum option_state - what becomes of the option */
enum option_state {
	OPTION_ACTIVE,
	OPTION_FULFILLED,	/* asks for what is always so: say nothing */
	OPTION_NOT_YET,		/* kturnd will have it: warn once */
	OPTION_MEANINGLESS,	/* about coturn's own innards: warn once */
};

/* enum option_when - when does a reload take a new value over? */
enum option_when {
	OPTION_WHEN_UNSAID,	/* wrong in a row that is OPTION_ACTIVE */
	OPTION_NOW,		/* at once, for sessions that go on, too */
	OPTION_RESTART,		/* never: kturnd has to be started anew */
};

struct option;

/**
 * typedef option_set - take over a value
 * @cfg: the configuration
 * @opt: the option
 * @value: the text; NULL if there is none
 * @why: on failure, filled with what is wrong and what would be right; it
 *	follows the value in a sentence: "is not ...; give ..."
 *
 * Return: 0 or a negative errno.
 */
typedef int option_set(struct kturnd_config *cfg, const struct option *opt,
		       const char *value, char why[static OPTION_WHY_LEN]);

/**
 * struct option - a row of the table
 * @name: long name, as in turnserver.conf
 * @letter: short name for the command line, or 0
 * @value: does it take a value?
 * @state: what becomes of it
 * @when: when a reload takes it over
 * @secret: its value must not be shown
 * @set: takes the value over; NULL unless @state is OPTION_ACTIVE
 * @target: offset of what it sets in struct kturnd_config
 * @min: lowest number
 * @max: highest number
 * @choices: "a|b|c" for an option whose value is one of these words
 * @hint: what to call the value in --help
 * @doc: what it is for; for OPTION_NOT_YET what is missing
 */
struct option {
	const char *name;
	char letter;
	enum option_value value;
	enum option_state state;
	enum option_when when;
	bool secret;
	option_set *set;
	size_t target;
	uint32_t min, max;
	const char *choices;
	const char *hint;
	const char *doc;
};

/* A row with a @doc but no @name is a heading. */
extern const struct option options[];
extern const size_t options_count;

/**
 * struct option_reader - options being read
 * @cfg: filled
 * @report: gets errors and warnings
 * @warned: options that were warned about: once is enough
 */
struct option_reader {
	struct kturnd_config *cfg;
	struct report *report;
	bool warned[OPTION_MAX];
};

/** option_find() - the option of this long name, or NULL */
const struct option *option_find(const char *name);

/** option_find_letter() - the option of this short name, or NULL */
const struct option *option_find_letter(char letter);

/**
 * option_apply() - take over an option
 * @reader: what has been read so far
 * @opt: the option
 * @value: its value, or NULL if it stands bare
 * @place: where it stands
 */
void option_apply(struct option_reader *reader, const struct option *opt,
		  const char *value, const struct report_place *place);

/**
 * option_same() - do two configurations have the same value here?
 * @opt: an option that is OPTION_ACTIVE
 * @a: a configuration
 * @b: another one
 *
 * Compares what the option sets, however it was written.
 *
 * Return: false too where nobody knows how to compare values of this kind,
 * which is a mistake that tests/unit/test_config_reload.c finds.
 */
bool option_same(const struct option *opt, const struct kturnd_config *a,
		 const struct kturnd_config *b);

/** option_suggest() - an option whose name is nearly @name, or NULL */
const struct option *option_suggest(const char *name);

/* Ways to take a value over, for the table: see option_values.c. */
option_set option_set_flag, option_set_flag_off, option_set_number, option_set_rate,
	   option_set_string, option_set_choice, option_set_address,
	   option_set_stale_nonce, option_set_external, option_set_range,
	   option_set_nat64_prefix,
	   option_set_user, option_set_secret, option_set_keep_family,
	   option_set_log_file, option_set_dtls, option_set_server,
	   option_set_oauth_key, option_set_xdp;

/* And option_userdb.c. */
option_set option_set_userdb, option_set_redis_userdb, option_set_psql_userdb,
	   option_set_statsdb;

#endif /* KTURN_KTURND_OPTIONS_H */
