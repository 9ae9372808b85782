/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was found wrong while reading the configuration. Reading goes on after
 * an error, so that an operator sees all of them at once; and warnings have
 * to wait until the configuration says where the log is.
 */
#ifndef KTURN_KTURND_REPORT_H
#define KTURN_KTURND_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct report_place - where in the configuration something stands
 * @file: path of the file; NULL for the command line
 * @line: line number from 1; 0 for none in particular
 */
struct report_place {
	const char *file;
	unsigned int line;
};

/** struct report_entry - one finding */
struct report_entry {
	bool error;
	char *text;
};

/**
 * struct report - all findings, in order
 * @v: the findings
 * @n: how many
 * @errors: how many of them are errors
 */
struct report {
	struct report_entry *v;
	size_t n;
	size_t errors;
};

/**
 * report_error() - note an error
 * @report: the report
 * @place: where; NULL if it is about the configuration as a whole
 * @fmt: what is wrong, and what to do about it
 */
void report_error(struct report *report, const struct report_place *place,
		  const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** report_warning() - the same for what is no reason to stop */
void report_warning(struct report *report, const struct report_place *place,
		    const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** report_free() - forget all findings */
void report_free(struct report *report);

#endif /* KTURN_KTURND_REPORT_H */
