// SPDX-License-Identifier: BSD-3-Clause
/* Where the table, the JSON and the plot go. */
#include <errno.h>
#include <string.h>

#include "bench/report.h"

static FILE *open_output(const char *path)
{
	FILE *out = strcmp(path, "-") ? fopen(path, "we") : stdout;

	if (!out)
		fprintf(stderr, "kturn-bench: %s: %s\n", path,
			strerror(errno));
	return out;
}

/* A full disk is a failure, too. */
static int close_output(FILE *out, const char *path)
{
	int ret = ferror(out) || fflush(out) ? -EIO : 0;

	if (out != stdout && fclose(out))
		ret = -EIO;
	if (ret)
		fprintf(stderr, "kturn-bench: %s: cannot be written\n", path);
	return ret;
}

static int write_files(const struct report *r)
{
	const struct options *o = r->options;
	FILE *out;
	int ret = 0;

	if (o->json) {
		out = open_output(o->json);
		if (!out || report_json(r, out) || close_output(out, o->json))
			ret = -EIO;
	}
	if (o->svg) {
		out = open_output(o->svg);
		if (!out)
			return -EIO;
		report_svg(r, out);
		if (close_output(out, o->svg))
			ret = -EIO;
	}
	return ret;
}

int report_write(const struct report *r)
{
	const struct options *o = r->options;
	bool piped = (o->json && !strcmp(o->json, "-")) ||
		     (o->svg && !strcmp(o->svg, "-"));

	/* What is read by a program is all there is on standard output. */
	report_table(r, piped ? stderr : stdout);
	if (write_files(r))
		return -EIO;
	return close_output(stdout, "standard output");
}
