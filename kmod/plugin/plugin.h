/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_PLUGIN_H
#define KPLUG_PLUGIN_H

#include <linux/atomic.h>
#include <linux/uidgid.h>

#include "kplug_uapi.h"

struct bpf_prog;
struct kplug_device;

/* A device's programs. Constant except its counters. Holds a reference on each program and on the device. */
struct kplug_plugin {
	struct bpf_prog *prog[KPLUG_HOOK_COUNT]; /* NULL: not served */
	struct kplug_device *kdev;
	char name[KPLUG_NAME_LEN];
	char version[KPLUG_NAME_LEN];
	kuid_t uid;
	u64 load_time; /* ns, CLOCK_BOOTTIME */
	atomic64_t misses;
	s64 last_error; /* the last negative answer */
};

/* See KPLUG_PLUGIN_LOAD and its kin; fds and ids are their arrays. The caller has entered the device. */
int kplug_plugin_load(struct kplug_device *kdev, const struct kplug_plugin_load *arg, const s32 fds[KPLUG_HOOK_COUNT]);
int kplug_plugin_unload(struct kplug_device *kdev, const struct kplug_plugin_unload *arg);
int kplug_plugin_rollback(struct kplug_device *kdev, const struct kplug_plugin_unload *arg);
int kplug_plugin_info(struct kplug_device *kdev, struct kplug_plugin_info *arg, u32 ids[KPLUG_HOOK_COUNT]);

/* Unloads the plugin and the one kept for a rollback, for the device's removal. */
void kplug_plugin_remove(struct kplug_device *kdev);

#endif /* KPLUG_PLUGIN_H */
