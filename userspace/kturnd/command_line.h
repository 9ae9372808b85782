/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: what to do, where the file is, options over those in it. */
#ifndef KTURN_KTURND_COMMAND_LINE_H
#define KTURN_KTURND_COMMAND_LINE_H

#include <stdbool.h>

#include "kturnd/options.h"

/**
 * struct command_line - the words that are no options of the configuration
 * @config_file: -c
 * @no_file: -n
 * @check: --check-config: only say what is wrong
 * @help: -h, --help
 * @version: --version
 */
struct command_line {
	const char *config_file;
	bool no_file;
	bool check;
	bool help;
	bool version;
};

/**
 * command_line_scan() - find the words above
 * @words: filled
 * @argc: as given to main()
 * @argv: as given to main()
 * @report: gets errors
 *
 * The file has to be read first, since the command line wins over it.
 */
void command_line_scan(struct command_line *words, int argc, char *argv[],
		       struct report *report);

/**
 * command_line_apply() - take over the options
 * @reader: where they go
 * @argc: as given to main()
 * @argv: as given to main()
 *
 * --name, --name=value, --name value, and the single letters of coturn; one
 * that nobody knows is an error here.
 */
void command_line_apply(struct option_reader *reader, int argc, char *argv[]);

/** command_line_help() - print the options by their table */
void command_line_help(void);

#endif /* KTURN_KTURND_COMMAND_LINE_H */
