// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <stdarg.h>

#include "cli.h"
#include "parse.h"

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

int open_device(const struct args *a, bool read_only, struct kplug_device **ret_dev)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = read_only };
	int err;

	if (check_device_name(a->pos[0]))
		return wrong_usage(a, "'%.40s' is not a device's name", a->pos[0]);
	err = kplug_device_open(a->pos[0], &opts, ret_dev);
	return err ? fail_lib(a->pos[0], err) : 0;
}

int close_device(struct kplug_device *dev, const char *object, int err)
{
	int ret = err ? fail_lib(object, err) : CLI_DONE;

	kplug_device_close(dev);
	return ret;
}

static int on_device(const char *name, int (*fn)(struct kplug_device *dev, void *arg), void *arg)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_device *dev;
	int err;

	err = kplug_device_open(name, &opts, &dev);
	if (!err) {
		err = fn(dev, arg);
		kplug_device_close(dev);
	}
	if (err == -ENODEV || err == -ENOENT)
		return CLI_DONE;
	return err ? fail_lib(name, err) : CLI_DONE;
}

int each_device(int (*fn)(struct kplug_device *dev, void *arg), void *arg)
{
	struct kplug_scan_entry *entries;
	int err, ret = CLI_DONE;
	size_t count;

	err = kplug_scan(&entries, &count);
	if (err)
		return fail_lib("devices", err);
	for (size_t i = 0; i < count; i++)
		if (entries[i].bound && on_device(entries[i].name, fn, arg))
			ret = CLI_FAILED;
	free(entries);
	return ret;
}

void *must_have(void *mem)
{
	if (!mem)
		exit(failed("out of memory"));
	return mem;
}

char *make_printable(char *text)
{
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

void print_field(const char *name, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = must_have(NULL);
	va_end(ap);
	printf("%-10s  %s\n", name, make_printable(text));
	free(text);
}

char *format_text(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = must_have(NULL);
	va_end(ap);
	return text;
}

const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "not an errno";
}

#define NAME_OF(names, i) ((i) < sizeof(names) / sizeof(*(names)) && (names)[i] ? (names)[i] : "unknown")

const char *irq_mode_name(uint32_t mode)
{
	static const char *const names[] = { "none", "intx", "msi", "msix", "soft" };

	return NAME_OF(names, mode);
}

const char *bus_name(uint32_t bus)
{
	static const char *const names[] = { NULL, "pci", "soft" };

	return NAME_OF(names, bus);
}

const char *kind_name(uint32_t kind)
{
	static const char *const names[] = { "auto", "paged", "contiguous", "arena", "imported", "wc" };

	return NAME_OF(names, kind);
}

const char *event_name(uint32_t code)
{
	static const char *const names[] = { NULL, "remove", "suspend", "resume" };

	return NAME_OF(names, code);
}
