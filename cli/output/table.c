// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "output/output.h"

#include <stdarg.h>

#include "cli.h"

#define GAP 2

void table_row(struct table *t, const char *format, ...)
{
	va_list ap;
	char *row;

	va_start(ap, format);
	if (vasprintf(&row, format, ap) < 0)
		row = must_have(NULL);
	va_end(ap);
	t->rows = must_have(realloc(t->rows, (t->count + 1) * sizeof(*t->rows)));
	t->rows[t->count++] = row;
}

static size_t count_columns(const char *row)
{
	size_t n = 1;

	for (; *row; row++)
		n += *row == '\t';
	return n;
}

/* Returns the next cell and advances *row; after the last cell *row is NULL. */
static const char *next_cell(const char **row, size_t *ret_length)
{
	const char *cell = *row;
	size_t length = cell ? strcspn(cell, "\t") : 0;

	if (cell)
		*row = cell[length] ? cell + length + 1 : NULL;
	*ret_length = length ? length : 1;
	return length ? cell : "-";
}

static void measure(const struct table *t, size_t columns, size_t *widths)
{
	for (size_t r = 0; r < t->count; r++) {
		const char *row = t->rows[r];
		size_t length;

		for (size_t c = 0; c < columns; c++) {
			next_cell(&row, &length);
			if (length > widths[c])
				widths[c] = length;
		}
	}
}

static void print_row(const char *row, size_t columns, const size_t *widths, char *line, FILE *out)
{
	size_t at = 0, length = 0;

	for (size_t c = 0; c < columns; c++) {
		const char *cell = next_cell(&row, &length);

		memset(line + at, ' ', widths[c] + GAP);
		memcpy(line + at, cell, length);
		at += c + 1 < columns ? widths[c] + GAP : length;
	}
	if (at > TABLE_WIDTH) {
		at = TABLE_WIDTH;
		line[at - 1] = '~';
	}
	line[at] = '\0';
	fprintf(out, "%s\n", make_printable(line));
}

void table_print(const struct table *t, FILE *out)
{
	size_t columns, total = 0;
	size_t *widths;
	char *line;

	if (!t->count)
		return;
	columns = count_columns(t->rows[0]);
	widths = must_have(calloc(columns, sizeof(*widths)));
	measure(t, columns, widths);
	for (size_t c = 0; c < columns; c++)
		total += widths[c] + GAP;
	line = must_have(malloc(total + 1));
	for (size_t r = 0; r < t->count; r++)
		print_row(t->rows[r], columns, widths, line, out);
	free(line);
	free(widths);
}

void table_free(struct table *t)
{
	for (size_t r = 0; r < t->count; r++)
		free(t->rows[r]);
	free(t->rows);
	*t = (struct table){ 0 };
}
