// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "output/output.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define LINE 16

static void dump_line(const uint8_t *line, uint64_t offset, size_t length, FILE *out)
{
	fprintf(out, "%08" PRIx64, offset);
	for (size_t i = 0; i < LINE; i++) {
		fputs(i == LINE / 2 ? "  " : " ", out);
		if (!i)
			fputc(' ', out);
		if (i < length)
			fprintf(out, "%02x", line[i]);
		else
			fputs("  ", out);
	}
	fputs("  |", out);
	for (size_t i = 0; i < length; i++)
		fputc(line[i] >= ' ' && line[i] <= '~' ? line[i] : '.', out);
	fputs("|\n", out);
}

void dump_bytes(const uint8_t *mem, uint64_t offset, size_t length, FILE *out)
{
	uint8_t line[LINE], last[LINE];
	bool starred = false;

	for (size_t at = 0; at < length; at += LINE) {
		size_t n = length - at < LINE ? length - at : LINE;

		/* The device may write meanwhile: read each byte once. */
		memcpy(line, mem + at, n);
		if (at && n == LINE && !memcmp(line, last, LINE)) {
			if (!starred)
				fputs("*\n", out);
			starred = true;
			continue;
		}
		starred = false;
		dump_line(line, offset + at, n, out);
		memcpy(last, line, n);
	}
	fprintf(out, "%08" PRIx64 "\n", offset + length);
}

void print_hex(const uint8_t *mem, size_t length, FILE *out)
{
	for (size_t i = 0; i < length; i++)
		fprintf(out, "%02x", mem[i]);
}
