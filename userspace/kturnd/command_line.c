// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/command_line.h"

#include <stdio.h>
#include <string.h>

static const struct report_place here;	/* no file: the command line */

/*
 * The command line is walked twice, for the same words with different eyes:
 * once for what is about the file, then for the options.
 */
struct walk {
	int argc;
	char **argv;
	int next;
	struct command_line *words;	/* first walk */
	struct option_reader *reader;	/* second walk */
	struct report *report;
};

static char *following(struct walk *walk)
{
	return walk->next < walk->argc ? walk->argv[walk->next++] : NULL;
}

static void take_config_file(struct walk *walk, const char *value)
{
	if (!walk->words)
		return;
	if (!value)
		report_error(walk->report, &here, "-c: no file is named; give -c FILE");
	else
		walk->words->config_file = value;
}

static void take_option(struct walk *walk, const struct option *opt,
			const char *value)
{
	if (walk->reader)
		option_apply(walk->reader, opt, value, &here);
}

static void refuse(struct walk *walk, const char *word)
{
	if (walk->reader)
		report_error(walk->report, &here,
			     "unknown option '%s'; see kturnd --help", word);
}

/* --help, --version, --check-config: true if it was one of them */
static bool take_word(struct walk *walk, const char *name)
{
	static struct command_line ignored;
	struct command_line *words = walk->words ? walk->words : &ignored;

	if (strcmp(name, "help") == 0)
		words->help = true;
	else if (strcmp(name, "version") == 0)
		words->version = true;
	else if (strcmp(name, "check-config") == 0)
		words->check = true;
	else
		return false;
	return true;
}

static void take_long(struct walk *walk, char *word)
{
	const struct option *opt;
	char name[64];
	char *value = strchr(word, '=');
	int len = value ? (int)(value - word) : (int)strlen(word);

	snprintf(name, sizeof(name), "%.*s", len, word);
	if (value)
		value++;
	if (take_word(walk, name))
		return;
	opt = option_find(name);
	if (!opt) {
		refuse(walk, word - 2);
		return;
	}
	if (!value && opt->value == OPTION_VALUE)
		value = following(walk);
	take_option(walk, opt, value);
}

/* -a, -av, -p 3478, -p3478 */
static void take_letters(struct walk *walk, char *letters)
{
	const struct option *opt;

	for (; *letters; letters++) {
		if (*letters == 'n' && walk->words)
			walk->words->no_file = true;
		if (*letters == 'h' && walk->words)
			walk->words->help = true;
		if (*letters == 'n' || *letters == 'h')
			continue;
		opt = option_find_letter(*letters);
		if (*letters != 'c' && !opt) {
			const char name[] = { '-', *letters, '\0' };

			refuse(walk, name);
			continue;
		}
		if (opt && opt->value == OPTION_FLAG) {
			take_option(walk, opt, NULL);
			continue;
		}
		letters++;
		if (*letters == '=')
			letters++;
		if (!*letters)
			letters = following(walk);
		if (opt)
			take_option(walk, opt, letters);
		else
			take_config_file(walk, letters);
		return;
	}
}

static void walk_all(struct walk *walk)
{
	char *word;

	walk->next = 1;
	while ((word = following(walk))) {
		if (strncmp(word, "--", 2) == 0)
			take_long(walk, word + 2);
		else if (word[0] == '-' && word[1])
			take_letters(walk, word + 1);
		else
			refuse(walk, word);
	}
}

void command_line_scan(struct command_line *words, int argc, char *argv[],
		       struct report *report)
{
	struct walk walk = {
		.argc = argc, .argv = argv, .words = words, .report = report,
	};

	walk_all(&walk);
	if (words->no_file && words->config_file)
		report_error(report, &here,
			     "-n and -c exclude each other; give one");
}

void command_line_apply(struct option_reader *reader, int argc, char *argv[])
{
	struct walk walk = {
		.argc = argc, .argv = argv, .reader = reader,
		.report = reader->report,
	};

	walk_all(&walk);
}

#define DOC_COLUMN	34
#define DOC_WIDTH	62

/* Wrap the text at spaces, in a column of its own. */
static void print_doc(const char *doc)
{
	while (*doc) {
		int len = (int)strlen(doc);

		if (len > DOC_WIDTH) {
			len = DOC_WIDTH;
			while (len > 1 && doc[len] != ' ')
				len--;
		}
		printf("%.*s\n", len, doc);
		doc += len;
		if (*doc)
			printf("%*s", DOC_COLUMN, "");
		while (*doc == ' ')
			doc++;
	}
}

static void print_option(const struct option *opt)
{
	const char *hint = opt->hint ? opt->hint : "...";
	char left[128];
	int len;

	len = snprintf(left, sizeof(left), "  %c%c%s --%s%s%s%s",
		       opt->letter ? '-' : ' ', opt->letter ? opt->letter : ' ',
		       opt->letter ? "," : " ", opt->name,
		       opt->value == OPTION_VALUE ? "=" :
		       opt->value == OPTION_VALUE_MAYBE ? "[=" : "",
		       opt->value == OPTION_FLAG ? "" : hint,
		       opt->value == OPTION_VALUE_MAYBE ? "]" : "");
	if (len < DOC_COLUMN - 1)
		printf("%-*s", DOC_COLUMN, left);
	else
		printf("%s\n%*s", left, DOC_COLUMN, "");
	print_doc(opt->doc);
}

void command_line_help(void)
{
	printf("usage: kturnd [-c FILE | -n] [OPTION]...\n"
	       "\n"
	       "A TURN server (RFC 8656) that relays in the kernel where kturn.ko is loaded.\n"
	       "\n"
	       "  -c FILE                         configuration; default " CONFIG_DEFAULT_PATH "\n"
	       "  -n                              no configuration file\n"
	       "      --check-config              say what is wrong with the configuration, and end\n"
	       "  -h, --help                      this text\n"
	       "      --version                   name and version\n"
	       "\n"
	       "Options may stand in the file, as NAME=VALUE, and on the command line, which wins.\n");
	for (size_t i = 0; i < options_count; i++) {
		if (options[i].name)
			print_option(&options[i]);
		else
			printf("\n%s:\n", options[i].doc);
	}
}
