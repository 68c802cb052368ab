/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the tests of the command share: running it inside the test with its output caught, and reading a file. */
#ifndef TEST_CLI_H
#define TEST_CLI_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"

#define MAX_WORDS (KPLUG_VECTOR_MAX + 16) /* irq wait takes a vector each */

struct result {
	int code;
	char out[32768];
	char err[4096];
};

static inline void read_back(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
}

/* The words after "kplug", up to NULL. The result is good until the next run. */
static inline struct result *run_words(char **words)
{
	static struct result r;
	char *argv[MAX_WORDS + 2] = { (char *)"kplug" };
	int out = memfd_create("out", 0), err = memfd_create("err", 0), argc = 1;
	int old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO);

	for (; *words; words++) {
		assert_true(argc <= MAX_WORDS);
		argv[argc++] = *words;
	}
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	r.code = cli_main(argc, argv);
	fflush(NULL);
	dup2(old_out, STDOUT_FILENO);
	dup2(old_err, STDERR_FILENO);
	close(old_out);
	close(old_err);
	read_back(out, r.out, sizeof(r.out));
	read_back(err, r.err, sizeof(r.err));
	return &r;
}
#define run_cli(...) run_words((char *[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

/* Nothing on stdout, one line on stderr that begins with "kplug: " and contains the text. */
static inline void assert_error(const struct result *r, int code, const char *text)
{
	assert_int_equal(r->code, code);
	assert_string_equal(r->out, "");
	assert_memory_equal(r->err, "kplug: ", 7);
	assert_ptr_equal(strchr(r->err, '\n'), r->err + strlen(r->err) - 1);
	if (!strstr(r->err, text))
		fail_msg("'%s' is not in: %s", text, r->err);
}

/* A whole file of the source tree; tests run at its root. free() it. */
static inline char *read_source(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		fail_msg("%s cannot be read; run the test in the source tree's root", path);
	assert_true(getdelim(&text, &size, '\0', f) > 0);
	fclose(f);
	return text;
}

#endif
