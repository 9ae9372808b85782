// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/config_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static char *skip_space(char *text)
{
	return text + strspn(text, " \t\r\n\f\v");
}

static void trim_end(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
}

/* Does the option take text that may well contain a "#"? */
static bool takes_text(const struct option *opt)
{
	return opt->set == option_set_string || opt->set == option_set_user ||
	       opt->set == option_set_secret ||
	       opt->set == option_set_log_file || opt->set == option_set_userdb ||
	       opt->set == option_set_redis_userdb ||
	       opt->set == option_set_psql_userdb;
}

/*
 * "value" loses its quotes, as in coturn. After a number, an address or a flag
 * a comment may follow; in a text it would be part of it.
 */
static char *clean_value(const struct option *opt, char *value)
{
	size_t len;

	if (value[0] == '"') {
		len = strlen(++value);
		if (len && value[len - 1] == '"')
			value[len - 1] = '\0';
		return value;
	}
	for (len = 0; value[len] && !takes_text(opt); len++)
		if (value[len] == '#' &&
		    (len == 0 || isspace((unsigned char)value[len - 1])))
			value[len] = '\0';
	trim_end(value);
	return value;
}

static void warn_unknown(struct option_reader *reader, const char *name,
			 const struct report_place *place)
{
	const struct option *like = option_suggest(name);

	if (like)
		report_warning(reader->report, place,
			       "unknown option '%s' ignored; did you mean '%s'?",
			       name, like->name);
	else
		report_warning(reader->report, place,
			       "unknown option '%s' ignored", name);
}

void config_file_line(struct option_reader *reader, char *line,
		      const struct report_place *place)
{
	const struct option *opt;
	char *name = skip_space(line), *value = NULL;
	size_t len;

	trim_end(name);
	if (!name[0] || name[0] == '#')
		return;
	len = strcspn(name, "= \t");
	if (name[len]) {
		value = name + len + strspn(name + len, "= \t");
		name[len] = '\0';
	}
	opt = option_find(name);
	if (!opt) {
		warn_unknown(reader, name, place);
		return;
	}
	if (value)
		value = clean_value(opt, value);
	/* "key # comment": the key alone */
	if (value && !value[0] && opt->value != OPTION_VALUE)
		value = NULL;
	option_apply(reader, opt, value, place);
}

void config_file_read(struct option_reader *reader, const char *path)
{
	struct report_place place = { .file = path };
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *file = fopen(path, "re");

	if (!file) {
		report_error(reader->report, &place,
			     "cannot be opened: %s; name another with -c FILE, or run without one: -n",
			     strerror(errno));
		return;
	}
	while ((len = getline(&line, &size, file)) >= 0) {
		place.line++;
		if (strlen(line) != (size_t)len)
			report_error(reader->report, &place,
				     "has a zero byte; this is no text file");
		else
			config_file_line(reader, line, &place);
	}
	if (ferror(file))
		report_error(reader->report, &place, "cannot be read: %s",
			     strerror(errno));
	if (line)
		explicit_bzero(line, size);
	free(line);
	fclose(file);
}
