// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <limits.h>

#include "cli.h"

#define COMMON (OPT(HELP) | OPT(VERBOSE))
#define FIRST_VALUE 256 /* of struct option's val: above every character */

static const struct {
	const char *name;
	enum { FLAG, NUMBER, SIZE, TEXT } type;
	uint64_t min, max;
} options[OPTIONS] = {
	[OPT_HELP] = { "help", FLAG, 0, 0 },
	[OPT_VERBOSE] = { "verbose", FLAG, 0, 0 },
	[OPT_ALL] = { "all", FLAG, 0, 0 },
	[OPT_BUFFER] = { "buffer", TEXT, 0, 0 },
	[OPT_BYTE] = { "byte", NUMBER, 0, UINT8_MAX },
	[OPT_COUNT] = { "count", NUMBER, 0, UINT64_MAX },
	[OPT_DATA] = { "data", TEXT, 0, 0 },
	[OPT_DATA_FILE] = { "data-file", TEXT, 0, 0 },
	[OPT_DMA_BITS] = { "dma-bits", NUMBER, 0, 64 },
	[OPT_FORCE] = { "force", FLAG, 0, 0 },
	[OPT_FRESH] = { "fresh", FLAG, 0, 0 },
	[OPT_FROM_LIST] = { "from-list", TEXT, 0, 0 },
	[OPT_GROUP] = { "group", TEXT, 0, 0 },
	[OPT_INCLUDE] = { "include", TEXT, 0, 0 },
	[OPT_JSON] = { "json", FLAG, 0, 0 },
	[OPT_KIND] = { "kind", TEXT, 0, 0 },
	[OPT_LENGTH] = { "length", SIZE, 0, UINT64_MAX },
	[OPT_LISTEN] = { "listen", FLAG, 0, 0 },
	[OPT_MODE] = { "mode", TEXT, 0, 0 },
	[OPT_NODE] = { "node", NUMBER, 0, INT_MAX },
	[OPT_OBJECT] = { "object", TEXT, 0, 0 },
	[OPT_OFFSET] = { "offset", SIZE, 0, UINT64_MAX },
	[OPT_OWNER] = { "owner", TEXT, 0, 0 },
	[OPT_PATTERN] = { "pattern", TEXT, 0, 0 },
	[OPT_PIN] = { "pin", FLAG, 0, 0 },
	[OPT_RAW] = { "raw", FLAG, 0, 0 },
	[OPT_RESET] = { "reset", TEXT, 0, 0 },
	[OPT_RETRY_SMALLER] = { "retry-smaller", FLAG, 0, 0 },
	[OPT_SIZE] = { "size", SIZE, 0, KPLUG_CALL_MAX },
	[OPT_TIMEOUT] = { "timeout", NUMBER, 0, INT_MAX },
	[OPT_UNMASK] = { "unmask", FLAG, 0, 0 },
	[OPT_VECTORS] = { "vectors", NUMBER, 1, KPLUG_VECTOR_MAX },
	[OPT_WIDTH] = { "width", NUMBER, 8, 64 },
};

void args_options(const struct command *cmd, struct option ret_options[OPTIONS + 1])
{
	size_t n = 0;

	for (int id = 0; id < OPTIONS; id++)
		if ((cmd->options | COMMON) & (1ULL << id))
			ret_options[n++] = (struct option){
				options[id].name,
				options[id].type == FLAG ? no_argument : required_argument,
				NULL,
				FIRST_VALUE + id,
			};
	ret_options[n] = (struct option){ 0 };
}

static const struct option *find_option(const struct option *longs, const char *name, size_t length)
{
	for (; longs->name; longs++)
		if (strlen(longs->name) == length && !memcmp(longs->name, name, length))
			return longs;
	return NULL;
}

/* getopt_long() accepts unambiguous abbreviations; kplug does not. */
static int check_names(const struct args *a, const struct option *longs, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const struct option *found;
		size_t length;

		if (strncmp(argv[i], "--", 2) != 0)
			continue;
		length = strcspn(argv[i] + 2, "=");
		found = find_option(longs, argv[i] + 2, length);
		if (!found)
			return wrong_usage(a, "unknown option '%.*s'", (int)length + 2, argv[i]);
		if (found->has_arg && !argv[i][length + 2])
			i++;
	}
	return 0;
}

static int say_bad_number(const struct args *a, const char *what, const char *text, const char *noun, uint64_t min,
			  uint64_t max, int err)
{
	if (err == -ERANGE && max < UINT64_MAX)
		return wrong_usage(a, "%s '%s' is not within %" PRIu64 "..%" PRIu64, what, text, min, max);
	if (err == -ERANGE)
		return wrong_usage(a, "%s '%s' is too large", what, text);
	return wrong_usage(a, "%s '%s' is not a %s", what, text, noun);
}

int arg_number(const struct args *a, const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	int err = parse_number(text, min, max, ret);

	return err ? say_bad_number(a, what, text, "number", min, max, err) : 0;
}

int arg_size(const struct args *a, const char *what, const char *text, uint64_t max, uint64_t *ret)
{
	int err = parse_size(text, max, ret);

	return err ? say_bad_number(a, what, text, "size", 0, max, err) : 0;
}

int arg_vector(const struct args *a, const char *text, uint32_t *ret_vector)
{
	uint64_t value;
	int ret = arg_number(a, "VECTOR", text, 0, KPLUG_VECTOR_MAX - 1, &value);

	if (!ret)
		*ret_vector = (uint32_t)value;
	return ret;
}

int arg_hex(const struct args *a, const char *what, const char *text, uint8_t *ret, size_t max, size_t *ret_size)
{
	switch (parse_hex(text, ret, max, ret_size)) {
	case 0:
		return 0;
	case -E2BIG:
		return wrong_usage(a, "%s has more than %zu bytes", what, max);
	default:
		return wrong_usage(a, "%s '%.40s' is not pairs of hex digits", what, text);
	}
}

static int set_option(struct args *a, enum option_id id, const char *text)
{
	char what[32];

	a->given |= 1ULL << id;
	a->text[id] = text;
	snprintf(what, sizeof(what), "--%s", options[id].name);
	switch (options[id].type) {
	case NUMBER:
		return arg_number(a, what, text, options[id].min, options[id].max, &a->num[id]);
	case SIZE:
		return arg_size(a, what, text, options[id].max, &a->num[id]);
	default:
		return 0;
	}
}

static int set_options(struct args *a, const struct option *longs, int argc, char **argv)
{
	int value, err = 0;

	opterr = 0;
	optind = 0; /* reset getopt: the tests parse many command lines */
	while (!err && (value = getopt_long(argc, argv, ":hv", longs, NULL)) >= 0) {
		if (value >= FIRST_VALUE)
			err = set_option(a, value - FIRST_VALUE, optarg);
		else if (value == 'h')
			err = set_option(a, OPT_HELP, NULL);
		else if (value == 'v')
			err = set_option(a, OPT_VERBOSE, NULL);
		else if (value == ':')
			err = wrong_usage(a, "option '%s' requires an argument", argv[optind - 1]);
		else if (optopt >= FIRST_VALUE)
			err = wrong_usage(a, "option '%s' takes no argument", argv[optind - 1]);
		else
			err = wrong_usage(a, "unknown option '-%c'", optopt);
	}
	return err;
}

int args_parse(struct args *a, const struct command *cmd, int argc, char **argv)
{
	struct option longs[OPTIONS + 1];
	int err;

	*a = (struct args){ .cmd = cmd };
	args_options(cmd, longs);
	err = check_names(a, longs, argc, argv);
	if (!err)
		err = set_options(a, longs, argc, argv);
	if (err || has(a, OPT_HELP))
		return err;
	a->pos = argv + optind;
	a->npos = (unsigned int)(argc - optind);
	if (a->npos > cmd->max_pos)
		return wrong_usage(a, "unexpected argument '%s'", a->pos[cmd->max_pos]);
	if (a->npos < cmd->min_pos)
		return wrong_usage(a, "too few arguments: %s", cmd->synopsis);
	return 0;
}
