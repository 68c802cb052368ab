// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Summarizes a verifier log. It ends with what matters: the source line, the instruction, the
 * reason, then statistics. Before that come all the instructions that passed, often thousands.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "plugin/plugin.h"

#define MESSAGES_MAX 4
#define WIDTH 200 /* of a line, in bytes; the rest is dropped */

enum kind { BLANK, STATISTICS, SOURCE, INSTRUCTION, STATE, MESSAGE };

struct line {
	const char *text;
	size_t len;
};

static bool starts(const struct line *line, const char *prefix)
{
	return line->len >= strlen(prefix) && !memcmp(line->text, prefix, strlen(prefix));
}

static enum kind classify(const struct line *line)
{
	static const char *const statistics[] = { "processed ", "verification time ", "stack depth ", "subprog " };
	size_t digits = 0, i;

	if (!line->len)
		return BLANK;
	for (i = 0; i < sizeof(statistics) / sizeof(*statistics); i++) {
		if (starts(line, statistics[i]))
			return STATISTICS;
	}
	if (starts(line, "; "))
		return SOURCE;
	if (starts(line, "from ") || starts(line, "func#") || starts(line, "mark_precise:"))
		return STATE;
	while (digits < line->len && isdigit((unsigned char)line->text[digits]))
		digits++;
	/* "12: (61) r1 = ..." and "12: R1=ctx() ..." */
	if (digits && line->len > digits + 2 && line->text[digits] == ':' && line->text[digits + 1] == ' ')
		return line->text[digits + 2] == '(' ? INSTRUCTION : STATE;
	return MESSAGE;
}

/* The line that ends at *end, which moves to the line's start. */
static bool previous(const char *log, const char **end, struct line *ret_line)
{
	const char *last = *end, *start;

	if (last == log)
		return false;
	if (last[-1] == '\n')
		last--;
	for (start = last; start > log && start[-1] != '\n'; start--)
		;
	*ret_line = (struct line){ start, last - start };
	*end = start;
	return true;
}

static void append_line(char *out, size_t out_size, const struct line *line)
{
	size_t used = strlen(out);
	int len = line->len > WIDTH ? WIDTH : (int)line->len;

	if (line->len)
		snprintf(out + used, out_size - used, "%s  %.*s", used ? "\n" : "", len, line->text);
}

void kp_verifier_summary(const char *log, char *out, size_t out_size)
{
	struct line line, source = { 0 }, instruction = { 0 }, message[MESSAGES_MAX];
	const char *end = log + strlen(log);
	int messages = 0;
	enum kind kind;

	out[0] = '\0';
	/* Backwards: the last messages, the instruction before them, its source line. */
	while (previous(log, &end, &line)) {
		kind = classify(&line);
		if (kind == MESSAGE && !instruction.len && messages < MESSAGES_MAX)
			message[messages++] = line;
		else if (kind == INSTRUCTION && !instruction.len)
			instruction = line;
		if (kind == SOURCE) {
			source = line;
			break;
		}
	}
	append_line(out, out_size, &source);
	append_line(out, out_size, &instruction);
	while (messages--)
		append_line(out, out_size, &message[messages]);
}
