// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libFuzzer: command lines, on the device that tests/unit/fake_machine.h plays. Words are separated by line ends.
 * Whatever they are, the exit code is 0, 1 or 2, and 1 and 2 come with a message.
 */
#include "tests/unit/fake_machine.h"
#include "tests/fuzz/fuzz.h"

#define WORDS 24

static int out, err, real_err;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_machine(NULL);
	out = memfd_create("out", 0);
	err = memfd_create("err", 0);
	real_err = dup(STDERR_FILENO);
	/* Nobody types there. */
	close(STDIN_FILENO);
	return open("/dev/null", O_RDONLY) != STDIN_FILENO;
}

/* These wait for a signal, or until the fuzzer's time is over; and files of ours are not to be read. */
static bool would_wait(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "irq") || !strncmp(argv[i], "--data-file", 11))
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	int code;

	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	code = cli_main(argc, argv);
	fflush(NULL);
	dup2(real_err, STDERR_FILENO);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[WORDS + 1] = { (char *)"kplug" }, *text = malloc(size + 1), *rest = text;
	int argc = 1, code;
	off_t said;

	memcpy(text, data, size);
	text[size] = '\0';
	while (argc < WORDS && rest)
		argv[argc++] = strsep(&rest, "\n");
	if (!would_wait(argc, argv)) {
		reset(NULL);
		if (ftruncate(out, 0) || ftruncate(err, 0) || lseek(out, 0, SEEK_SET) || lseek(err, 0, SEEK_SET))
			abort();
		code = run(argc, argv);
		said = lseek(err, 0, SEEK_CUR);
		if (code < 0 || code > CLI_USAGE || (code == CLI_USAGE && !said))
			abort();
	}
	free(text);
	return 0;
}
