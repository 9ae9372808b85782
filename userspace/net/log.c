// SPDX-License-Identifier: BSD-3-Clause
#include "net/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_LEN 512

void net_log(const struct net_log *log, enum turn_log_level level,
	     const char *fmt, ...)
{
	char line[LINE_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	log->write(log->env, level, line);
}
