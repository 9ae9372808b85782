/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a turnserver.conf. */
#ifndef KTURN_KTURND_CONFIG_FILE_H
#define KTURN_KTURND_CONFIG_FILE_H

#include "kturnd/options.h"

/**
 * config_file_read() - read a file to its end
 * @reader: where its options go
 * @path: the file
 *
 * One option to a line: "key=value", "key value", or "key" alone for "on".
 * Lines that begin with # are comments. Unknown options are warned about and
 * passed over, as coturn does.
 */
void config_file_read(struct option_reader *reader, const char *path);

/**
 * config_file_line() - read one line
 * @reader: where its option goes
 * @line: the line, with or without line end; changed
 * @place: where it stands
 */
void config_file_line(struct option_reader *reader, char *line,
		      const struct report_place *place);

#endif /* KTURN_KTURND_CONFIG_FILE_H */
