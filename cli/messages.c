// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Messages on standard error, one line each. */
#include <stdarg.h>

#include "cli.h"

static bool verbose;

static const char *const log_levels[] = { "warning", "info", "debug" };

static void print_log(enum kplug_log_level level, const char *text, void *arg)
{
	(void)arg;
	fprintf(stderr, "kplug: %s: %s\n", log_levels[level], text);
}

void be_verbose(void)
{
	verbose = true;
	kplug_set_log(print_log, NULL);
}

bool is_verbose(void)
{
	return verbose;
}

int failed(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("kplug: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	return CLI_FAILED;
}

int wrong_usage(const struct args *a, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "kplug: %s: ", a->cmd->name);
	vfprintf(stderr, format, ap);
	fprintf(stderr, "; see 'kplug %s --help'\n", a->cmd->name);
	va_end(ap);
	return CLI_USAGE;
}

int fail_lib(const char *object, int err)
{
	const char *text = kplug_error();

	if (*text)
		return failed("%s", text);
	return failed("%s: %s", object, strerror(-err));
}

int lib_result(const char *object, int err)
{
	return err ? fail_lib(object, err) : CLI_DONE;
}

void *must_have(void *mem)
{
	if (!mem)
		exit(failed("out of memory"));
	return mem;
}
