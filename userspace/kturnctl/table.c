// SPDX-License-Identifier: BSD-3-Clause
#include "kturnctl/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_cell(struct table *table, const char *text)
{
	if (table->count == table->room) {
		size_t room = table->room ? 2 * table->room : 64;
		char **cells = realloc(table->cells, room * sizeof(*cells));

		if (!cells)
			abort();
		table->cells = cells;
		table->room = room;
	}
	table->cells[table->count] = strdup(text);
	if (!table->cells[table->count])
		abort();
	table->count++;
}

void table_row(struct table *table, const char *const cells[])
{
	unsigned int n = 0;

	while (cells[n] && n < TABLE_MAX_COLUMNS)
		n++;
	if (!table->columns)
		table->columns = n;
	for (unsigned int i = 0; i < table->columns; i++)
		add_cell(table, i < n ? cells[i] : "");
}

static bool is_right(const struct table *table, unsigned int column)
{
	return table->cells[column][0] == '>';
}

static const char *cell(const struct table *table, size_t i)
{
	const char *text = table->cells[i];

	return i < table->columns && *text == '>' ? text + 1 : text;
}

static void print_row(const struct table *table, size_t first,
		      const int widths[])
{
	for (unsigned int c = 0; c < table->columns; c++) {
		const char *text = cell(table, first + c);
		bool last = c + 1 == table->columns;

		if (is_right(table, c))
			printf("%*s", widths[c], text);
		else
			printf("%-*s", last ? 0 : widths[c], text);
		fputs(last ? "\n" : "  ", stdout);
	}
}

void table_print(struct table *table)
{
	int widths[TABLE_MAX_COLUMNS] = { 0 };

	for (size_t i = 0; i < table->count; i++) {
		int len = (int)strlen(cell(table, i));
		int *width = &widths[i % table->columns];

		*width = len > *width ? len : *width;
	}
	for (size_t i = 0; i < table->count; i += table->columns)
		print_row(table, i, widths);

	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	memset(table, 0, sizeof(*table));
}
