// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static char *report_text(const struct report_place *place, const char *fmt,
			 va_list args)
{
	char *text = NULL, *what = NULL;
	int len;

	if (vasprintf(&what, fmt, args) < 0)
		return NULL;
	if (!place)
		return what;
	if (!place->file)
		len = asprintf(&text, "command line: %s", what);
	else if (place->line)
		len = asprintf(&text, "%s:%u: %s", place->file, place->line,
			       what);
	else
		len = asprintf(&text, "%s: %s", place->file, what);
	free(what);
	return len < 0 ? NULL : text;
}

/* An error counts even when there is no memory left to say what it was. */
static void report_add(struct report *report, bool error, char *text)
{
	struct report_entry *v;

	report->errors += error;
	if (!text)
		return;
	v = realloc(report->v, (report->n + 1) * sizeof(*v));
	if (!v) {
		free(text);
		return;
	}
	report->v = v;
	v[report->n++] = (struct report_entry){ .error = error, .text = text };
}

void report_error(struct report *report, const struct report_place *place,
		  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report_add(report, true, report_text(place, fmt, args));
	va_end(args);
}

void report_warning(struct report *report, const struct report_place *place,
		    const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report_add(report, false, report_text(place, fmt, args));
	va_end(args);
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->n; i++)
		free(report->v[i].text);
	free(report->v);
	*report = (struct report){ 0 };
}
