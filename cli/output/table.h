/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Rows of text in columns as wide as they need, lines cut at TABLE_WIDTH. */
#ifndef KPLUG_CLI_TABLE_H
#define KPLUG_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define TABLE_WIDTH 100

struct table {
	char **rows;
	size_t count;
};

/* Cells are separated by tabs; the first row holds the titles. An empty or missing cell shows as "-". */
void table_row(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_print(const struct table *t, FILE *out);
void table_free(struct table *t);

#endif
