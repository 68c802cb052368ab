// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Loads kernel modules as modprobe does: by name or alias, with dependencies and the settings of modprobe.d. */
#include <errno.h>
#include <libkmod.h>
#include <stdarg.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <unistd.h>

#include "cli.h"

const char *module_dir;

static const struct {
	int err;
	const char *reason; /* and the way out */
} reasons[] = {
	{ EKEYREJECTED, "the kernel knows no key that signed it; sign it with one that the kernel knows" },
	{ ENOEXEC, "it was built for another kernel; rebuild it for this one" },
	{ EINVAL, "the kernel refuses it; see the kernel's log, and rebuild it for this kernel" },
	{ ENOENT, "a symbol or a file that it needs is missing; install all kplug modules of one version" },
	{ EOPNOTSUPP, "it, or a module that it needs, has no BTF; build them where pahole is installed" },
};

/* libkmod would print errors to stderr, next to the one line that load_module() prints. */
static void __attribute__((format(printf, 6, 0))) log_kmod(void *data, int priority, const char *file, int line,
							   const char *function, const char *format, va_list ap)
{
	(void)data, (void)priority, (void)file, (void)line, (void)function;
	if (!is_verbose())
		return;
	fputs("kplug: libkmod: ", stderr);
	vfprintf(stderr, format, ap);
}

static int say_not_found(const char *object, const char *module)
{
	struct utsname kernel = { 0 };

	uname(&kernel);
	return failed("%s: module %s not found in %s%s; install it (README, Install) or load its file with insmod",
		      object, module, module_dir ? module_dir : "/lib/modules/", module_dir ? "" : kernel.release);
}

static const char *refusal(int err)
{
	if (err == -EPERM && geteuid())
		return "no right to load it; run this as root";
	if (err == -EPERM)
		return "the kernel refuses it; a locked-down kernel wants a module signed with a key that it knows";
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].err == -err)
			return reasons[i].reason;
	return NULL;
}

static int say_not_loaded(const char *object, const char *module, int err)
{
	const char *text = refusal(err);

	if (text)
		return failed("%s: module %s: %s", object, module, text);
	return failed("%s: module %s: %s; see the kernel's log", object, module, strerror(-err));
}

/* A name has one module, an alias may have several. */
static int load_found(struct kmod_ctx *ctx, const char *object, const char *module)
{
	struct kmod_list *found = NULL, *item;
	int err, ret = CLI_DONE;

	err = kmod_module_new_from_lookup(ctx, module, &found);
	if (err < 0 || !found)
		return say_not_found(object, module);
	kmod_list_foreach(item, found)
	{
		struct kmod_module *mod = kmod_module_get_module(item);

		err = kmod_module_probe_insert_module(mod, 0, NULL, NULL, NULL, NULL);
		kmod_module_unref(mod);
		if (err < 0 && !ret)
			ret = say_not_loaded(object, module, err);
	}
	kmod_module_unref_list(found);
	return ret;
}

int load_module(const char *object, const char *module)
{
	struct kmod_ctx *ctx = must_have(kmod_new(module_dir, NULL));
	int ret;

	kmod_set_log_fn(ctx, log_kmod, NULL);
	if (is_verbose())
		kmod_set_log_priority(ctx, LOG_INFO);
	ret = load_found(ctx, object, module);
	kmod_unref(ctx);
	return ret;
}
