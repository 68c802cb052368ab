// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "test_cli.h"

/* Splits "buffer alloc" into words; gives how many. */
static int split(const char *name, char *copy, char **words)
{
	char *space;

	strcpy(copy, name);
	words[0] = copy;
	space = strchr(copy, ' ');
	if (!space)
		return 1;
	*space = '\0';
	words[1] = space + 1;
	return 2;
}

static void help_and_version(void **state)
{
	struct result *r;

	(void)state;
	r = run_cli("--version");
	assert_int_equal(r->code, 0);
	assert_memory_equal(r->out, "kplug ", 6);
	assert_string_equal(r->err, "");
	r = run_cli("--help");
	assert_int_equal(r->code, 0);
	assert_string_equal(r->err, "");
	for (const struct command *c = commands; c->name; c++)
		assert_non_null(strstr(r->out, c->name));
	assert_string_equal(run_cli("help")->out, run_cli("-h")->out);
	assert_non_null(strstr(run_cli("-v", "--help")->out, "usage:"));
	r = run_cli("buffer", "--help");
	assert_int_equal(r->code, 0);
	assert_non_null(strstr(r->out, "buffer fill"));
	assert_null(strstr(r->out, "plugin load"));
	assert_string_equal(run_cli("help", "buffer")->out, run_cli("buffer", "-h")->out);
}

static void help_of_each_command(void **state)
{
	char copy[64], *words[5], first[4096];

	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		int n = split(c->name, copy, words + 1);
		struct result *r;

		words[1 + n] = (char *)"--help";
		words[2 + n] = NULL;
		r = run_words(words + 1);
		assert_int_equal(r->code, 0);
		assert_string_equal(r->err, "");
		assert_non_null(strstr(r->out, c->synopsis));
		strcpy(first, r->out);
		words[0] = (char *)"help";
		words[1 + n] = NULL;
		assert_string_equal(run_words(words)->out, first);
	}
}

static void unknown_commands(void **state)
{
	(void)state;
	assert_error(run_cli("nosuch"), 2, "'nosuch': no such command; see 'kplug --help'");
	assert_error(run_cli("lis"), 2, "no such command");
	assert_error(run_cli("list "), 2, "no such command");
	assert_error(run_cli(""), 2, "no such command");
	assert_error(run_cli("buffer"), 2, "see 'kplug buffer --help'");
	assert_error(run_cli("buffer", "allo"), 2, "'buffer allo': no such command");
	assert_error(run_cli("buffer alloc"), 2, "no such command");
	assert_error(run_cli("help", "nosuch"), 2, "no such command");
	assert_error(run_cli("help", "buffer", "nosuch"), 2, "no such command");
	assert_error(run_cli("help", "list", "more"), 2, "no such command");
	assert_error(run_cli("--nosuch"), 2, "'--nosuch'");
}

static void unknown_options(void **state)
{
	char copy[64], *words[5];

	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		int n = split(c->name, copy, words);

		words[n] = (char *)"--nosuch";
		words[n + 1] = NULL;
		assert_error(run_words(words), 2, "unknown option '--nosuch'; see 'kplug");
		words[n] = (char *)"-x";
		assert_error(run_words(words), 2, "unknown option '-x'");
	}
}

static void beginnings_of_options(void **state)
{
	char copy[64], name[64], *words[5];
	struct option longs[OPTIONS + 1];

	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		int n = split(c->name, copy, words);

		args_options(c, longs);
		for (const struct option *o = longs; o->name; o++) {
			snprintf(name, sizeof(name), "--%s", o->name);
			name[strlen(name) - 1] = '\0';
			words[n] = name;
			words[n + 1] = NULL;
			assert_error(run_words(words), 2, "unknown option '--");
		}
	}
}

static void numbers_of_arguments(void **state)
{
	char copy[64], *words[MAX_WORDS];

	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		int n = split(c->name, copy, words);

		for (unsigned int i = 0; i <= c->max_pos; i++) {
			words[n + i] = (char *)"0";
			words[n + i + 1] = NULL;
		}
		assert_error(run_words(words), 2, "unexpected argument '0'");
		if (!c->min_pos)
			continue;
		words[n + c->min_pos - 1] = NULL;
		assert_error(run_words(words), 2, "too few arguments");
	}
}

static void values(void **state)
{
	char long_name[301];

	(void)state;
	memset(long_name, 'a', 300);
	long_name[300] = '\0';
	assert_error(run_cli("list", "--json=1"), 2, "takes no argument");
	assert_error(run_cli("soft", "create", "a", "--vectors"), 2, "'--vectors' requires an argument");
	assert_error(run_cli("soft", "create", "a", "--vectors", "0"), 2, "--vectors '0' is not within 1..2048");
	assert_error(run_cli("soft", "create", "a", "--vectors=2049"), 2, "is not within 1..2048");
	assert_error(run_cli("soft", "create", "a", "--vectors", "-1"), 2, "is not a number");
	assert_error(run_cli("soft", "create", "a", "--vectors="), 2, "is not a number");
	assert_error(run_cli("soft", "create", "a", "--dma-bits", "65"), 2, "is not within 0..64");
	assert_error(run_cli("soft", "create", "a/b"), 2, "'a/b' is not a device's name");
	assert_error(run_cli("soft", "create", long_name), 2, "is not a device's name");
	assert_error(run_cli("info", long_name), 2, "is not a device's name");
	assert_error(run_cli("bind", ""), 2, "is not a device's name");
	assert_error(run_cli("bind", "0000:00:01.0", "--reset", "x"), 2, "'x' is none of needed, always and never");
	assert_error(run_cli("unbind", "../x"), 2, "is not a device's name");
	assert_error(run_cli("buffer", "alloc", "d", "b", "1x"), 2, "SIZE '1x' is not a size");
	assert_error(run_cli("buffer", "alloc", "d", "b", "99999999999G"), 2, "SIZE '99999999999G' is too large");
	assert_error(run_cli("buffer", "alloc", "d", "b", "1", "--kind", "page"), 2,
		     "is none of auto, paged, contiguous, arena and");
	assert_error(run_cli("buffer", "fill", "d", "b"), 2, "one of --byte and --pattern");
	assert_error(run_cli("buffer", "fill", "d", "b", "--byte", "1", "--pattern", "count"), 2, "one of --byte and");
	assert_error(run_cli("buffer", "fill", "d", "b", "--byte", "256"), 2, "is not within 0..255");
	assert_error(run_cli("buffer", "fill", "d", "b", "--pattern", "cnt"), 2,
		     "--pattern 'cnt' is unknown; use count");
	assert_error(run_cli("buffer", "dump", "d", "b", "--offset", "-1"), 2, "is not a size");
	assert_error(run_cli("call", "d", "4294967296"), 2, "MESSAGE '4294967296' is not within");
	assert_error(run_cli("call", "d", "1", "--data", "0"), 2, "is not pairs of hex digits");
	assert_error(run_cli("call", "d", "1", "--data", "00", "--data-file", "-"), 2, "one of --data and --data-file");
	assert_error(run_cli("call", "d", "1", "--data", "0000", "--size", "1"), 2, "less than the data's 2 bytes");
	assert_error(run_cli("call", "d", "1", "--size", "4097"), 2, "is not within 0..4096");
	assert_error(run_cli("reg", "read", "d", "6", "0"), 2, "BAR '6' is not within 0..5");
	assert_error(run_cli("reg", "read", "d", "0", "4", "--width", "24"), 2, "is none of 8, 16, 32 and 64");
	assert_error(run_cli("reg", "write", "d", "0", "4", "256", "--width=8"), 2, "VALUE '256' is not within 0..255");
	assert_error(run_cli("irq", "wait", "d", "1", "2048"), 2, "VECTOR '2048' is not within 0..2047");
	assert_error(run_cli("irq", "wait", "d", "--timeout", "2147483648"), 2, "is not within");
	assert_error(run_cli("irq", "enable", "d", "0", "--data", "zz"), 2, "is not pairs of hex digits");
}

static void data_too_long(void **state)
{
	char text[2 * KPLUG_CALL_MAX + 3];

	(void)state;
	memset(text, '0', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_error(run_cli("call", "d", "1", "--data", text), 2, "has more than 4096 bytes");
	assert_error(run_cli("call", "d", "1", "--data-file", "/dev/zero"), 1, "more than the 4096 bytes");
	assert_error(run_cli("call", "d", "1", "--data-file", "/nosuch"), 1, "/nosuch: No such file");
	assert_error(run_cli("call", "d", "1", "--data-file", "/"), 1, "/: Is a directory");
}

static void full_disk(void **state)
{
	int full, old_out, old_err, code;

	(void)state;
	full = open("/dev/full", O_WRONLY);
	if (full < 0)
		skip();
	fflush(stdout);
	old_out = dup(STDOUT_FILENO);
	old_err = dup(STDERR_FILENO);
	dup2(full, STDOUT_FILENO);
	dup2(full, STDERR_FILENO);
	code = cli_main(2, (char *[]){ (char *)"kplug", (char *)"--help", NULL });
	clearerr(stdout);
	clearerr(stderr);
	dup2(old_out, STDOUT_FILENO);
	dup2(old_err, STDERR_FILENO);
	close(old_out);
	close(old_err);
	close(full);
	assert_int_equal(code, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_and_version),
		cmocka_unit_test(help_of_each_command),
		cmocka_unit_test(unknown_commands),
		cmocka_unit_test(unknown_options),
		cmocka_unit_test(beginnings_of_options),
		cmocka_unit_test(numbers_of_arguments),
		cmocka_unit_test(values),
		cmocka_unit_test(data_too_long),
		cmocka_unit_test(full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
