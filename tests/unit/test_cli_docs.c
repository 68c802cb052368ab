// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Holds synopses, manual page and completion against the table of commands, in both directions. */
#include "test_cli.h"

#include <ctype.h>

#define OPTION_CHARS "abcdefghijklmnopqrstuvwxyz-"

static uint64_t option_bit(const struct command *c, const char *name, size_t length)
{
	struct option longs[OPTIONS + 1];

	args_options(c, longs);
	for (const struct option *o = longs; o->name; o++)
		if (strlen(o->name) == length && !memcmp(o->name, name, length))
			return 1ULL << (o->val & 0xff);
	fail_msg("%s has no option --%.*s", c->name, (int)length, name);
	return 0;
}

/* The options of the command that the text names; one that the command does not have fails. */
static uint64_t named_options(const struct command *c, const char *text, const char *end)
{
	uint64_t found = 0;

	while ((text = strstr(text, "--")) && text < end) {
		size_t length = strspn(text += 2, OPTION_CHARS);

		found |= option_bit(c, text, length);
		text += length;
	}
	return found;
}

static void synopses(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		assert_int_equal(named_options(c, c->synopsis, c->synopsis + strlen(c->synopsis)), c->options);
		named_options(c, c->help, c->help + strlen(c->help));
		assert_true(strcspn(c->help, "\n") + 17 <= 100);
		assert_true(strlen(c->name) + strlen(c->synopsis) <= 150);
	}
}

/* roff's \- and \fX away. */
static void plain(char *text)
{
	char *to = text;

	for (char *p = text; *p; p++) {
		if (p[0] == '\\' && p[1] == '-')
			continue;
		if (p[0] == '\\' && p[1] == 'f' && p[2]) {
			p += 2;
			continue;
		}
		*to++ = *p;
	}
	*to = '\0';
}

static const char *section_end(const char *text)
{
	const char *sub = strstr(text, "\n.SS"), *whole = strstr(text, "\n.SH");
	const char *end = text + strlen(text);

	if (sub)
		end = sub;
	return whole && whole < end ? whole : end;
}

static void manual_page(void **state)
{
	char *text = read_source("cli/kplug.1"), heading[256];
	size_t sections = 0, rows = 0;

	(void)state;
	plain(text);
	for (const struct command *c = commands; c->name; c++, rows++) {
		const char *section, *body;
		uint64_t want = c->options & ~OPT(JSON); /* that has a section of its own */

		snprintf(heading, sizeof(heading), "\n.SS \"%s %s\"\n", c->name, c->synopsis);
		section = strstr(text, heading);
		if (!section)
			fail_msg("cli/kplug.1 lacks: %s", heading);
		body = section + strlen(heading);
		assert_int_equal(named_options(c, body, section_end(body - 1)) & ~OPT(JSON), want);
	}
	for (const char *p = text; (p = strstr(p, "\n.SS ")); p++)
		sections++;
	assert_int_equal(sections, rows + 1); /* help is in no row */
	assert_non_null(strstr(text, "--help"));
	assert_non_null(strstr(text, "--verbose"));
	assert_non_null(strstr(text, "--version"));
	free(text);
}

static void completion_options(void **state)
{
	char *text = read_source("cli/kplug.bash-completion"), head[128];

	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		const char *quote = strchr(c->name, ' ') ? "\"" : "";
		const char *line;

		snprintf(head, sizeof(head), "\n\t%s%s%s) echo", quote, c->name, quote);
		line = strstr(strstr(text, "_kplug_options()"), head);
		if (!line)
			fail_msg("the completion lacks: %s", head);
		line += strlen(head);
		assert_int_equal(named_options(c, line, strchr(line, '\n')), c->options);
	}
	free(text);
}

static bool has_word(const char *line, const char *word, size_t length)
{
	const char *end = strchr(line, '\n');

	for (const char *p = line; (p = strstr(p, " ")) && p < end; p++)
		if (!strncmp(p + 1, word, length) && p[1 + length] == ' ')
			return true;
	return false;
}

static void completion_commands(void **state)
{
	char *text = read_source("cli/kplug.bash-completion"), head[64];
	size_t words = 0, rows = 0;

	(void)state;
	for (const struct command *c = commands; c->name; c++, rows++) {
		size_t length = strcspn(c->name, " ");
		const char *top = strstr(text, "\t\"\") echo"), *line;

		assert_true(has_word(top, c->name, length));
		if (!c->name[length])
			continue;
		snprintf(head, sizeof(head), "\n\t%.*s) echo", (int)length, c->name);
		line = strstr(text, head);
		assert_non_null(line);
		assert_true(has_word(line + 1, c->name + length + 1, strlen(c->name + length + 1)));
	}
	/* Nor does it name a command that is not there. */
	for (const char *p = strstr(text, "\n\t\"") + 1; *p == '\t'; p = strchr(p, '\n') + 1) {
		const char *word = strstr(p, "echo") + 4;

		if (!strncmp(p, "\tesac", 5))
			break;
		for (; *word == ' ' && isalpha((unsigned char)word[1]); words++)
			word += 1 + strspn(word + 1, OPTION_CHARS);
	}
	assert_int_equal(words, rows + 5 + 1); /* five groups, and help */
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(synopses),
		cmocka_unit_test(manual_page),
		cmocka_unit_test(completion_options),
		cmocka_unit_test(completion_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
