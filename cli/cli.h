/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the commands share: a row of the table, the parsed arguments, messages and exit codes. */
#ifndef KPLUG_CLI_H
#define KPLUG_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libkplug.h"

#include <getopt.h>

enum { CLI_DONE, CLI_FAILED, CLI_USAGE }; /* exit codes; the man page promises 0, 1 and 2 */

/* The options of all commands; one name has one meaning. args.c has their types and ranges. */
enum option_id {
	OPT_HELP,
	OPT_VERBOSE,
	OPT_ALL,
	OPT_BUFFER,
	OPT_BYTE,
	OPT_COUNT,
	OPT_DATA,
	OPT_DATA_FILE,
	OPT_DMA_BITS,
	OPT_FORCE,
	OPT_FRESH,
	OPT_FROM_LIST,
	OPT_GROUP,
	OPT_INCLUDE,
	OPT_JSON,
	OPT_KIND,
	OPT_LENGTH,
	OPT_LISTEN,
	OPT_MODE,
	OPT_NODE,
	OPT_OBJECT,
	OPT_OFFSET,
	OPT_OWNER,
	OPT_PATTERN,
	OPT_PIN,
	OPT_RAW,
	OPT_RESET,
	OPT_RETRY_SMALLER,
	OPT_SIZE,
	OPT_TIMEOUT,
	OPT_UNMASK,
	OPT_VECTORS,
	OPT_WIDTH,
	OPTIONS
};
#define OPT(id) (1ULL << OPT_##id)
_Static_assert(OPTIONS <= 64, "an option has no bit");

struct command;

struct args {
	const struct command *cmd;
	char **pos; /* positional arguments */
	unsigned int npos;
	uint64_t given; /* bit per enum option_id */
	uint64_t num[OPTIONS];
	const char *text[OPTIONS];
};

struct command {
	const char *name; /* one word, or a group and a word */
	int (*run)(const struct args *a); /* returns the exit code */
	unsigned int min_pos, max_pos;
	uint64_t options; /* without --help and --verbose, which every command has */
	const char *synopsis; /* what follows the name */
	const char *help; /* the first line is the summary */
};

extern const struct command commands[]; /* ends with a NULL name */

int cli_main(int argc, char **argv);

/* help.c: prints and returns CLI_DONE. A group is the first word of a two-word name. */
bool is_group(const char *word);
int print_help(const char *group); /* NULL: all commands */
int print_command_help(const struct command *cmd);
int no_such_command(int argc, char **argv); /* prints the error and returns CLI_USAGE */

/* args.c: returns 0, or CLI_USAGE after printing why. argv[0] is the command's last word. */
int args_parse(struct args *a, const struct command *cmd, int argc, char **argv);
void args_options(const struct command *cmd, struct option ret_options[OPTIONS + 1]);
static inline bool has(const struct args *a, enum option_id id)
{
	return a->given & (1ULL << id);
}
/* Each converts one positional argument. */
int arg_number(const struct args *a, const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *ret);
int arg_size(const struct args *a, const char *what, const char *text, uint64_t max, uint64_t *ret);
int arg_vector(const struct args *a, const char *text, uint32_t *ret_vector);
int arg_hex(const struct args *a, const char *what, const char *text, uint8_t *ret, size_t max, size_t *ret_size);

/* parse.c: text to values. The whole string must match: no blanks, no signs, no trailing characters. */
/* Decimal, or hex after 0x; a leading 0 does not mean octal. -EINVAL: not a number; -ERANGE: not within min..max. */
int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret);
/* A number with an optional K, M or G (binary). Errors as parse_number(). */
int parse_size(const char *text, uint64_t max, uint64_t *ret);
/* Pairs of hex digits. -EINVAL: empty, odd or not hex; -E2BIG: more than max bytes. */
int parse_hex(const char *text, uint8_t *ret, size_t max, size_t *ret_size);
/* A PCI address or a software device's name, fit for a node's name. -EINVAL, -ENAMETOOLONG. */
int check_device_name(const char *text);

/* messages.c: prints one line to stderr and returns the exit code. */
int failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
int wrong_usage(const struct args *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
int fail_lib(const char *object, int err); /* prints the library's last error */
int lib_result(const char *object, int err); /* fail_lib(), or CLI_DONE if err is 0 */
void *must_have(void *mem); /* exits if mem is NULL */
void be_verbose(void);
bool is_verbose(void);

/* device.c: returns 0, or an exit code after printing why. The first positional argument names the device. */
int check_device_arg(const struct args *a); /* refuses what cannot be a device's name */
int open_device(const struct args *a, bool read_only, struct kplug_device **ret_dev);
/* Closes the device and returns the exit code for err, the library's result for the object. */
int close_device(struct kplug_device *dev, const char *object, int err);
/*
 * Calls fn for each device bound to kplug, opened read-only. Skips a device that is removed meanwhile. Reports a device
 * that cannot be opened, continues, and returns CLI_FAILED.
 */
int each_device(int (*fn)(struct kplug_device *dev, void *arg), void *arg);

/* modules.c: loads a kernel module as modprobe does, for the object of a message. 0, or CLI_FAILED after printing why. */
int load_module(const char *object, const char *module);
extern const char *module_dir; /* NULL: of the running kernel; a variable for the unit tests */

/* cmd/: the commands, one file each; commands that share their code share a file. */
int list_devices(const struct args *a);
int show_info(const struct args *a);
int bind_device(const struct args *a);
int unbind_device(const struct args *a);
int limit_device(const struct args *a);
int soft_create(const struct args *a);
int soft_delete(const struct args *a);
int buffer_alloc(const struct args *a);
int buffer_list(const struct args *a);
int buffer_holders(const struct args *a);
int buffer_free(const struct args *a);
int buffer_dump(const struct args *a);
int buffer_fill(const struct args *a);
int plugin_load(const struct args *a);
int plugin_swap(const struct args *a);
int plugin_rollback(const struct args *a);
int plugin_unload(const struct args *a);
int plugin_check(const struct args *a);
int plugin_clean(const struct args *a);
int plugin_list(const struct args *a);
int plugin_show(const struct args *a);
int plugin_observe(const struct args *a);
int plugin_info(const struct args *a);
#define SETTINGS_MAX 16 /* in one plugin set */
int plugin_set(const struct args *a);
int plugin_new(const struct args *a);
int call_plugin(const struct args *a);
int reg_read(const struct args *a);
int reg_write(const struct args *a);
int irq_enable(const struct args *a);
int irq_wait(const struct args *a);
int irq_trigger(const struct args *a);
int irq_list(const struct args *a);
int irq_resume(const struct args *a);
int irq_latency(const struct args *a);

#endif
