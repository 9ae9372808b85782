// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/config_load.h"

#include "kturnd/command_line.h"
#include "kturnd/config_file.h"

void config_load(const struct config_source *source, struct kturnd_config *cfg,
		 struct report *report)
{
	struct option_reader reader = { .cfg = cfg, .report = report };

	config_init(cfg);
	if (source->path)
		config_file_read(&reader, source->path);
	command_line_apply(&reader, source->argc, source->argv);
	if (!report->errors)
		config_check(cfg, report);
}
