// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* plugin load, swap, rollback and unload change a device's plugin; plugin clean removes leftover pins. */
#include "cli.h"

typedef int (*install_fn)(struct kplug_plugin *plugin, struct kplug_device *dev, const struct kplug_load_opts *opts);

static int install_plugin(const struct args *a, install_fn fn)
{
	struct kplug_load_opts opts = {
		.sz = sizeof(opts),
		.buffer = a->text[OPT_BUFFER],
		.force = has(a, OPT_FORCE),
		.fresh = has(a, OPT_FRESH),
		.pin = has(a, OPT_PIN),
	};
	struct kplug_plugin *plugin = NULL;
	struct kplug_device *dev;
	int ret;

	ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	ret = kplug_plugin_open(a->pos[1], &plugin);
	if (!ret)
		ret = fn(plugin, dev, &opts);
	if (ret) {
		ret = fail_lib(a->pos[1], ret);
		if (plugin && is_verbose())
			fputs(kplug_plugin_log(plugin), stderr);
	}
	kplug_plugin_close(plugin);
	kplug_device_close(dev);
	return ret;
}

int plugin_load(const struct args *a)
{
	return install_plugin(a, kplug_plugin_load);
}

int plugin_swap(const struct args *a)
{
	return install_plugin(a, kplug_plugin_swap);
}

static int change_plugin(const struct args *a, int (*fn)(struct kplug_device *dev))
{
	struct kplug_device *dev;
	int ret;

	ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	return close_device(dev, a->pos[0], fn(dev));
}

int plugin_unload(const struct args *a)
{
	return change_plugin(a, kplug_plugin_unload);
}

int plugin_rollback(const struct args *a)
{
	return change_plugin(a, kplug_plugin_rollback);
}

int plugin_clean(const struct args *a)
{
	size_t count;
	int err;

	(void)a;
	err = kplug_plugin_clean(&count);
	if (err)
		return fail_lib("/sys/fs/bpf/kplug", err);
	printf("%zu pins removed\n", count);
	return CLI_DONE;
}
