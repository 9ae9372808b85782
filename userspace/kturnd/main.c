// SPDX-License-Identifier: BSD-3-Clause
/*
 * kturnd: reads its configuration, then runs the daemon.
 *
 * Exit status: 0 after a stop or a good --check-config, 1 if the server cannot
 * start, 2 if the configuration is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kturnd/certificates.h"
#include "kturnd/command_line.h"
#include "kturnd/config.h"
#include "kturnd/config_load.h"
#include "kturnd/core_config.h"
#include "kturnd/daemon.h"
#include "kturnd/log.h"
#include "version.h"

#define EXIT_CONFIG	2
#define WHY_LEN		512

static void print_errors(const struct report *report, bool warnings)
{
	for (size_t i = 0; i < report->n; i++)
		if (report->v[i].error || warnings)
			fprintf(stderr, "kturnd: %s%s\n",
				report->v[i].error ? "" : "warning: ",
				report->v[i].text);
}

/* What only shows when the values are put to use. */
static void check_use(const struct kturnd_config *cfg, struct report *report)
{
	turn_config_put(core_config_make(cfg, report));
	tls_context_put(certificates_load(cfg, report));
}

static int check_only(const struct kturnd_config *cfg, struct report *report)
{
	check_use(cfg, report);
	print_errors(report, true);
	if (report->errors)
		return EXIT_CONFIG;
	printf("the configuration is good\n");
	return EXIT_SUCCESS;
}

static int run(const struct kturnd_config *cfg,
	       const struct config_source *source, const struct report *report)
{
	char why[WHY_LEN];
	int ret;

	if (log_open(cfg, why, sizeof(why))) {
		fprintf(stderr, "kturnd: %s\n", why);
		return EXIT_CONFIG;
	}
	for (size_t i = 0; i < report->n; i++)
		log_text(TURN_LOG_WARNING, report->v[i].text);
	ret = daemon_run(cfg, source);
	log_close();
	return ret;
}

static int configure(const struct command_line *words, int argc, char *argv[],
		     struct report *report)
{
	const struct config_source source = {
		.path = words->no_file ? NULL :
			words->config_file ?: CONFIG_DEFAULT_PATH,
		.argc = argc,
		.argv = argv,
	};
	struct kturnd_config cfg;
	int ret;

	config_load(&source, &cfg, report);
	if (report->errors) {
		print_errors(report, true);
		ret = EXIT_CONFIG;
	} else if (words->check) {
		ret = check_only(&cfg, report);
	} else {
		ret = run(&cfg, &source, report);
	}
	config_free(&cfg);
	return ret;
}

int main(int argc, char *argv[])
{
	struct command_line words = { 0 };
	struct report report = { 0 };
	int ret;

	command_line_scan(&words, argc, argv, &report);
	if (words.help) {
		command_line_help();
		ret = EXIT_SUCCESS;
	} else if (words.version) {
		printf("kturnd %s\n", KTURN_VERSION);
		ret = EXIT_SUCCESS;
	} else {
		ret = configure(&words, argc, argv, &report);
	}
	report_free(&report);
	return ret;
}
