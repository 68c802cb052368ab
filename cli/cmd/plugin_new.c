// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Generates a plugin's source from a list of register accesses and compiles it with clang. */
#include <errno.h>
#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "output/output.h"

#ifndef KPLUG_INCLUDE_DIR
#define KPLUG_INCLUDE_DIR "/usr/local/share/kplug/include"
#endif

#define REGISTERS 64
#define WORDS 6
#define COPIES (KPLUG_ATTACH_MAX / 8)

struct access_list {
	const char *path;
	unsigned int line;
	uint64_t vendor, device;
	struct {
		char name[32];
		uint64_t bar, offset, bytes;
	} reg[REGISTERS];
	size_t count;
	bool has_value; /* a read precedes */
	unsigned int copies;
	FILE *out; /* the hook's body */
};

static int wrong_line(const struct access_list *l, const char *what, const char *word)
{
	return failed("%s:%u: %s '%.60s'", l->path, l->line, what, word);
}

static int parse_value(const struct access_list *l, const char *text, uint64_t max, uint64_t *ret)
{
	int err = parse_number(text, 0, max, ret);

	if (err == -ERANGE)
		return wrong_line(l, "too large:", text);
	return err ? wrong_line(l, "not a number:", text) : 0;
}

/* "1234:11e8" */
static int do_device(struct access_list *l, char **word)
{
	unsigned int vendor, device;
	char end;

	if (strlen(word[1]) != 9 || sscanf(word[1], "%4x:%4x%c", &vendor, &device, &end) != 2)
		return wrong_line(l, "not PCI ids as 1234:11e8:", word[1]);
	l->vendor = vendor;
	l->device = device;
	return 0;
}

/* NAME BAR OFFSET BITS */
static int do_register(struct access_list *l, char **word)
{
	uint64_t bits = 0;
	int ret;

	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->reg[i].name, word[1]))
			return wrong_line(l, "duplicate register", word[1]);
	if (l->count == REGISTERS || strlen(word[1]) >= sizeof(l->reg->name))
		return wrong_line(l, "too many registers, or the name is too long:", word[1]);
	strcpy(l->reg[l->count].name, word[1]);
	ret = parse_value(l, word[2], KPLUG_BAR_MAX - 1, &l->reg[l->count].bar);
	ret = ret ? ret : parse_value(l, word[3], UINT32_MAX, &l->reg[l->count].offset);
	ret = ret ? ret : parse_value(l, word[4], 64, &bits);
	if (ret)
		return ret;
	if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
		return wrong_line(l, "a register has 8, 16, 32 or 64 bits, not", word[4]);
	l->reg[l->count].bytes = bits / 8;
	if (l->reg[l->count].offset % (bits / 8))
		return wrong_line(l, "the offset is not a multiple of the width:", word[3]);
	l->count++;
	return 0;
}

static int find_register(const struct access_list *l, const char *name, size_t *ret)
{
	for (*ret = 0; *ret < l->count; (*ret)++)
		if (!strcmp(l->reg[*ret].name, name))
			return 0;
	return wrong_line(l, "unknown register; declare it first (register NAME BAR OFFSET BITS):", name);
}

static int need_value(const struct access_list *l, const char *word)
{
	return l->has_value ? 0 : wrong_line(l, "no read precedes", word);
}

static int do_read(struct access_list *l, char **word)
{
	size_t r;

	if (find_register(l, word[1], &r))
		return CLI_FAILED;
	l->has_value = true;
	fprintf(l->out, "\tvalue = kplug_reg_read(ev, %" PRIu64 ", 0x%" PRIx64 ", %" PRIu64 "); /* %s */\n",
		l->reg[r].bar, l->reg[r].offset, l->reg[r].bytes, word[1]);
	return 0;
}

/* M == V, or M != V: if false, the interrupt is not the device's */
static int do_mask(struct access_list *l, char **word)
{
	uint64_t mask = 0, value = 0;
	bool equal = !strcmp(word[2], "==");

	if (!equal && strcmp(word[2], "!=") != 0)
		return wrong_line(l, "the comparison must be == or !=, not", word[2]);
	if (need_value(l, word[0]) || parse_value(l, word[1], UINT64_MAX, &mask) ||
	    parse_value(l, word[3], UINT64_MAX, &value))
		return CLI_FAILED;
	fprintf(l->out, "\tif ((value & 0x%" PRIx64 "ULL) %s 0x%" PRIx64 "ULL)\n\t\treturn;\n", mask,
		equal ? "!=" : "==", value);
	return 0;
}

/* REG V, or REG value: the last read */
static int do_write(struct access_list *l, char **word)
{
	uint64_t value = 0;
	char text[32];
	size_t r;

	if (find_register(l, word[1], &r))
		return CLI_FAILED;
	if (!strcmp(word[2], "value")) {
		if (need_value(l, word[0]))
			return CLI_FAILED;
		strcpy(text, "value");
	} else {
		if (parse_value(l, word[2], UINT64_MAX >> (64 - 8 * l->reg[r].bytes), &value))
			return CLI_FAILED;
		snprintf(text, sizeof(text), "0x%" PRIx64 "ULL", value);
	}
	fprintf(l->out, "\tkplug_reg_write(ev, %" PRIu64 ", 0x%" PRIx64 ", %" PRIu64 ", %s); /* %s */\n", l->reg[r].bar,
		l->reg[r].offset, l->reg[r].bytes, text, word[1]);
	return 0;
}

static int do_copy(struct access_list *l, char **word)
{
	if (need_value(l, word[0]))
		return CLI_FAILED;
	if (l->copies == COPIES)
		return wrong_line(l, "a record has no room for another", word[0]);
	fprintf(l->out, "\tcopied[%u] = value;\n", l->copies++);
	return 0;
}

static const struct {
	const char *name;
	int words;
	int (*run)(struct access_list *l, char **word);
} verbs[] = {
	{ "device", 2, do_device }, { "register", 5, do_register }, { "read", 2, do_read },
	{ "mask", 4, do_mask },	    { "write", 3, do_write },	    { "copy", 1, do_copy },
};

static int do_line(struct access_list *l, char *line)
{
	char *word[WORDS] = { NULL }, *save = NULL;
	int words = 0;

	line[strcspn(line, "#")] = '\0';
	for (char *w = strtok_r(line, " \t\r\n", &save); w && words < WORDS; w = strtok_r(NULL, " \t\r\n", &save))
		word[words++] = w;
	if (!words)
		return 0;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verbs[i].name, word[0]) != 0)
			continue;
		if (words != verbs[i].words)
			return wrong_line(l, "wrong number of words for", word[0]);
		return verbs[i].run(l, word);
	}
	return wrong_line(l, "unknown command:", word[0]);
}

static int read_list(struct access_list *l)
{
	FILE *f = fopen(l->path, "re");
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	if (!f)
		return failed("%s: %m", l->path);
	for (l->line = 1; !ret && getline(&line, &size, f) >= 0; l->line++)
		ret = do_line(l, line);
	if (!ret && ferror(f))
		ret = failed("%s: %m", l->path);
	if (!ret && !l->has_value)
		ret = failed("%s: the list reads no register; add a line read NAME", l->path);
	free(line);
	fclose(f);
	return ret;
}

static void put_id(FILE *f, uint64_t id)
{
	if (id > UINT16_MAX)
		fputs(", KPLUG_ANY_ID", f);
	else
		fprintf(f, ", 0x%04" PRIx64, id);
}

static int write_source(const struct access_list *l, const char *name, const char *path, const char *body)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return failed("%s: %m", path);
	fprintf(f,
		"// SPDX-License-Identifier: GPL-2.0-only\n/* Generated by kplug plugin new. */\n#include "
		"\"kplug.bpf.h\"\n\n"
		"KPLUG_PLUGIN(\"%s\", \"1.0\"",
		name);
	put_id(f, l->vendor);
	put_id(f, l->device);
	fputs(");\n\nKPLUG_HOOK(interrupt)\n{\n\tu64 value;\n", f);
	if (l->copies)
		fprintf(f, "\tu64 copied[%u];\n", l->copies);
	fprintf(f, "\n%s", body);
	if (l->copies)
		fputs("\tkplug_attach(ev, copied, sizeof(copied));\n", f);
	fputs("\tkplug_answer(ev, 0, KPLUG_MINE, 1);\n}\n", f);
	return fclose(f) ? failed("%s: %m", path) : 0;
}

static int build_object(const char *source, const char *object, const char *include)
{
	const char *argv[] = { "clang", "-g",	 "-O2", "-Wall", "-target", "bpf",  "-mcpu=v3",
			       "-I",	include, "-c",	source,	 "-o",	    object, NULL };
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return failed("clang: %m");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return failed("%s: written, but clang is missing; install clang and run this again", source);
	return status ? failed("%s: clang failed; check --include", source) : 0;
}

int plugin_new(const struct args *a)
{
	const char *include = has(a, OPT_INCLUDE) ? a->text[OPT_INCLUDE] : KPLUG_INCLUDE_DIR;
	struct access_list l = { .path = a->text[OPT_FROM_LIST], .vendor = UINT32_MAX, .device = UINT32_MAX };
	char *source, *object, *body = NULL;
	size_t size = 0;
	int ret;

	if (!has(a, OPT_FROM_LIST))
		return wrong_usage(a, "--from-list is missing");
	if (check_device_name(a->pos[0]) || strchr(a->pos[0], ':'))
		return wrong_usage(a, "NAME '%s' is not 1 to %d letters, digits, '_', '-' or '.'", a->pos[0],
				   KPLUG_NAME_LEN - 1);
	source = format_text("%s.bpf.c", a->pos[0]);
	object = format_text("%s.bpf.o", a->pos[0]);
	l.out = must_have(open_memstream(&body, &size));
	ret = read_list(&l);
	fclose(l.out);
	ret = ret ? ret : write_source(&l, a->pos[0], source, must_have(body));
	ret = ret ? ret : build_object(source, object, include);
	if (!ret)
		printf("wrote %s and %s\n", source, object);
	free(body);
	free(source);
	free(object);
	return ret;
}
