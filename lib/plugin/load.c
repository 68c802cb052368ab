// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Loads, swaps, rolls back and unloads a device's plugin. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "plugin/plugin.h"

static const struct kp_reason load_reasons[] = {
	{ EPERM, KP_NEEDS_CAPS },
	{ EBUSY, "the device has a plugin; unload it first, or swap" },
	{ EINVAL, "a program is not of type tracing" },
	{ EOPNOTSUPP, "it serves a hook that the module does not have; install matching versions" },
	{ EPROTOTYPE, "the module refused a program as not attached to its hook; rebuild the plugin for this module" },
	{ 0, NULL },
};

/* A program without the capabilities has been refused before, by the verifier. */
static const struct kp_reason locked_reasons[] = {
	{ EPERM, "the kernel is locked down, and no IOMMU confines the device" },
	{ 0, NULL },
};

static const struct kp_reason unload_reasons[] = {
	{ EPERM, KP_NEEDS_CAPS },
	{ ENOENT, "no plugin is loaded" },
	{ 0, NULL },
};

static const struct kp_reason rollback_reasons[] = {
	{ EPERM, KP_NEEDS_CAPS },
	{ ENOENT, "there is no version to roll back to: no swap since the load" },
	{ 0, NULL },
};

static bool matches(uint32_t wanted, uint32_t id)
{
	return wanted == KP_ANY_ID || wanted == id;
}

static int check_device(const struct kplug_plugin *plugin, const struct kplug_device *dev, bool force)
{
	const struct kplug_plugin_meta *meta = &plugin->meta;
	char vendor[16] = "any", device[16] = "any";

	if (force || (matches(meta->vendor, dev->info.out_vendor) && matches(meta->device, dev->info.out_device)))
		return 0;
	if (meta->vendor != KP_ANY_ID)
		snprintf(vendor, sizeof(vendor), "%04x", meta->vendor);
	if (meta->device != KP_ANY_ID)
		snprintf(device, sizeof(device), "%04x", meta->device);
	return kp_err(-ENXIO,
		      "plugin %s: it is for device %s:%s, but %s is %04x:%04x; load another plugin, or "
		      "force it",
		      meta->name, vendor, device, dev->name, dev->info.out_vendor, dev->info.out_device);
}

static int install(const struct kplug_plugin *plugin, struct kplug_device *dev, uint32_t flags)
{
	int32_t fds[KPLUG_HOOK_COUNT];
	struct kplug_plugin_load req = {
		.size = sizeof(req),
		.flags = flags,
		.prog_fds = (uintptr_t)fds,
		.prog_count = KPLUG_HOOK_COUNT,
	};
	int hook, err;

	for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++)
		fds[hook] = plugin->prog[hook] ? bpf_program__fd(plugin->prog[hook]) : -1;
	memcpy(req.name, plugin->meta.name, sizeof(req.name));
	memcpy(req.version, plugin->meta.version, sizeof(req.version));
	err = kp_ioctl(dev->fd, KPLUG_PLUGIN_LOAD, &req);
	if (err == -EPERM && kp_locked_down())
		return kp_fail(err, locked_reasons, "plugin %s on device %s", plugin->meta.name, dev->name);
	return err ? kp_fail(err, load_reasons, "plugin %s on device %s", plugin->meta.name, dev->name) : 0;
}

/* Runs the plugin's probe or migrate program, if present, on the device's struct kplug_info. */
static int run_syscall_prog(const struct kplug_plugin *plugin, struct kplug_device *dev, int which, int refused)
{
	struct kplug_info info;
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &info, .ctx_size_in = sizeof(info));
	const char *name = kp_program_names[which];
	int err;

	if (!plugin->prog[which] || !bpf_program__autoload(plugin->prog[which]))
		return 0;
	err = kplug_device_info(dev, &info);
	if (err)
		return err;
	err = bpf_prog_test_run_opts(bpf_program__fd(plugin->prog[which]), &run);
	if (err)
		return kp_err(err, "plugin %s: its program %s cannot be run: %s", plugin->meta.name, name,
			      strerror(-err));
	if (run.retval)
		return kp_err(refused, "plugin %s: its program %s refuses device %s with %d", plugin->meta.name, name,
			      dev->name, (int)run.retval);
	return 0;
}

int kp_plugin_lock(struct kplug_device *dev)
{
	return flock(dev->fd, LOCK_EX)
		       ? kp_fail(-errno, NULL, "device %s: waiting for the lock of its plugin", dev->name)
		       : 0;
}

/* Every change runs between these two, which also remove the stale pins of killed processes. */
static int change_begin(struct kplug_device *dev)
{
	int err = kp_plugin_lock(dev);

	if (!err)
		kp_pin_sync(dev);
	return err;
}

static int change_end(struct kplug_device *dev, int err)
{
	kp_pin_sync(dev);
	flock(dev->fd, LOCK_UN);
	return err;
}

static int pin_programs(const struct kplug_plugin *plugin, struct kplug_device *dev)
{
	uint32_t ids[KPLUG_HOOK_COUNT] = { 0 };
	int hook;

	for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (plugin->prog[hook] && bpf_prog_get_info_by_fd(bpf_program__fd(plugin->prog[hook]), &info, &len))
			return kp_fail(-errno, NULL, "plugin %s: its program %s", plugin->meta.name,
				       kp_program_names[hook]);
		ids[hook] = info.id;
	}
	return kp_pin_stage(dev, ids);
}

/* running: the maps of the version to replace, or NULL. Under kp_plugin_lock(). */
static int load_locked(struct kplug_plugin *plugin, struct kplug_device *dev, const struct kplug_load_opts *opts,
		       const struct kp_maps *running)
{
	int err, fd = -1;

	err = kp_buffer_choose(plugin, dev, opts->buffer, running, &fd);
	if (err)
		return err;
	plugin->consumed = true;
	if (fd >= 0)
		err = kp_map_reuse(plugin, plugin->buffer, fd);
	err = err ?: kp_state_carry(plugin, running, opts->fresh);
	err = err ?: kp_verify(plugin, 0, NULL);
	err = err ?: run_syscall_prog(plugin, dev, KP_PROBE, -ECANCELED);
	err = err ?: run_syscall_prog(plugin, dev, KP_MIGRATE, -ENOTRECOVERABLE);
	if (!err && (opts->pin || kp_pinned(dev)))
		err = pin_programs(plugin, dev);
	err = err ?: install(plugin, dev, running ? KPLUG_PLUGIN_REPLACE : 0);
	if (fd >= 0)
		close(fd);
	return err;
}

static int check_load(const struct kplug_plugin *plugin, const struct kplug_device *dev,
		      const struct kplug_load_opts *opts, struct kplug_load_opts *ret_known)
{
	int err = kp_opts(ret_known, sizeof(*ret_known), opts, "kplug_load_opts");

	if (err)
		return err;
	if (plugin->consumed)
		return kp_err(-EALREADY, "plugin %s: this object was used for a load or a check before; open it again",
			      plugin->meta.name);
	err = check_device(plugin, dev, ret_known->force);
	if (!err && ret_known->buffer && !plugin->buffer)
		err = kp_err(
			-EINVAL,
			"plugin %s: has neither KPLUG_BUFFER() nor KPLUG_ARENA() to put buffer %.64s in; name none",
			plugin->meta.name, ret_known->buffer);
	return err;
}

int kplug_plugin_load(struct kplug_plugin *plugin, struct kplug_device *dev, const struct kplug_load_opts *opts)
{
	struct kplug_load_opts known;
	int err = check_load(plugin, dev, opts, &known);

	err = err ?: change_begin(dev);
	return err ?: change_end(dev, load_locked(plugin, dev, &known, NULL));
}

static int swap_locked(struct kplug_plugin *plugin, struct kplug_device *dev, const struct kplug_load_opts *opts)
{
	struct kp_maps running;
	int err = kp_maps_get(dev, &running);

	if (err == -EPERM)
		return kp_fail(err, load_reasons, "plugin %s on device %s", plugin->meta.name, dev->name);
	if (err)
		return err;
	err = load_locked(plugin, dev, opts, &running);
	kp_maps_free(&running);
	return err;
}

int kplug_plugin_swap(struct kplug_plugin *plugin, struct kplug_device *dev, const struct kplug_load_opts *opts)
{
	struct kplug_load_opts known;
	int err = check_load(plugin, dev, opts, &known);

	err = err ?: change_begin(dev);
	return err ?: change_end(dev, swap_locked(plugin, dev, &known));
}

static int plugin_ioctl(struct kplug_device *dev, unsigned long command, const struct kp_reason *reasons)
{
	struct kplug_plugin_unload req = { .size = sizeof(req) };
	int err = kp_ioctl(dev->fd, command, &req);

	return err ? kp_fail(err, reasons, "device %s", dev->name) : 0;
}

int kplug_plugin_unload(struct kplug_device *dev)
{
	int err = change_begin(dev);

	return err ?: change_end(dev, plugin_ioctl(dev, KPLUG_PLUGIN_UNLOAD, unload_reasons));
}

/* A pinned plugin stays pinned. */
static int rollback_locked(struct kplug_device *dev)
{
	struct kplug_plugin_info previous;
	uint32_t ids[KPLUG_HOOK_COUNT];
	int err = 0;

	if (kp_pinned(dev) && !kp_plugin_info(dev, KPLUG_PLUGIN_PREVIOUS, &previous, ids))
		err = kp_pin_stage(dev, ids);
	return err ?: plugin_ioctl(dev, KPLUG_PLUGIN_ROLLBACK, rollback_reasons);
}

int kplug_plugin_rollback(struct kplug_device *dev)
{
	int err = change_begin(dev);

	return err ?: change_end(dev, rollback_locked(dev));
}
