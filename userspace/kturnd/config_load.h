/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole configuration, from where the operator wrote it: at start and at each reload. */
#ifndef KTURN_KTURND_CONFIG_LOAD_H
#define KTURN_KTURND_CONFIG_LOAD_H

#include "kturnd/config.h"

/**
 * struct config_source - where the configuration stands
 * @path: the file, or NULL for none
 * @argc: of main(); the command line wins over the file
 * @argv: of main()
 */
struct config_source {
	const char *path;
	int argc;
	char **argv;
};

/**
 * config_load() - read all of it, and check it
 * @source: where it stands
 * @cfg: filled, defaults included; for config_free(), even after errors
 * @report: gets errors and warnings
 */
void config_load(const struct config_source *source, struct kturnd_config *cfg,
		 struct report *report);

#endif /* KTURN_KTURND_CONFIG_LOAD_H */
