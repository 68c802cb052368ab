// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>

#include "cli.h"

int check_device_arg(const struct args *a)
{
	return check_device_name(a->pos[0]) ? wrong_usage(a, "'%.40s' is not a device's name", a->pos[0]) : 0;
}

int open_device(const struct args *a, bool read_only, struct kplug_device **ret_dev)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = read_only };
	int ret = check_device_arg(a);

	return ret ? ret : lib_result(a->pos[0], kplug_device_open(a->pos[0], &opts, ret_dev));
}

int close_device(struct kplug_device *dev, const char *object, int err)
{
	int ret = lib_result(object, err);

	kplug_device_close(dev);
	return ret;
}

static int visit_device(const char *name, int (*fn)(struct kplug_device *dev, void *arg), void *arg)
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
	return lib_result(name, err);
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
		if (entries[i].bound && visit_device(entries[i].name, fn, arg))
			ret = CLI_FAILED;
	free(entries);
	return ret;
}
