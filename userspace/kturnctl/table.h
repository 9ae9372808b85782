/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables for terminals: columns as wide as what is in them. */
#ifndef KTURN_KTURNCTL_TABLE_H
#define KTURN_KTURNCTL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define TABLE_MAX_COLUMNS 12

/**
 * struct table - cells, row by row; zero-initialise it
 * @columns: number of columns, as the first row has them
 * @cells: all cells, owned
 * @count: how many
 * @room: how many there is memory for
 *
 * The first row is the heading. A column is aligned to the right where its
 * heading begins with '>', which is not printed.
 */
struct table {
	unsigned int columns;
	char **cells;
	size_t count;
	size_t room;
};

/**
 * table_row() - add a row
 * @table: the table
 * @cells: its cells, copied, ended by NULL; rows shorter than the first are
 *	filled up with empty cells, longer ones cut off
 */
void table_row(struct table *table, const char *const cells[]);

/**
 * table_print() - print to stdout, and empty the table
 * @table: the table
 */
void table_print(struct table *table);

#endif /* KTURN_KTURNCTL_TABLE_H */
