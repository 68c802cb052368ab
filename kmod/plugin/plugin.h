/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks: what fires them, and the plugin that serves them. */
#ifndef KPLUG_PLUGIN_H
#define KPLUG_PLUGIN_H

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/sched.h>

#include "plugin/event.h"
#include "kplug_uapi.h"

struct bpf_prog;
struct kplug_device;
struct kplug_file;

#define KPLUG_ANSWER_FLAGS (KPLUG_MINE | KPLUG_DEFER | KPLUG_FORWARD | KPLUG_QUIET)

/*
 * One firing of a hook, on the stack of the caller. kfuncs find it through the event; a program has no other way to a
 * device.
 */
struct kplug_hook_ctx {
	struct kplug_event ev;
	struct kplug_device *kdev;
	struct kplug_file *kfile; /* call: whose caller is current; else NULL */
	u64 pending; /* call: tag of kplug_call_pend(), or 0 */
	u8 *data; /* ev.size bytes, or NULL */
	u8 *attachment; /* interrupt, deferred: KPLUG_ATTACH_MAX bytes for kplug_attach(), not initialised; else NULL */
	u32 attached; /* bytes */
	u64 wake_after; /* ns, by kplug_wake_after(); 0: not asked */
	bool answered; /* set by kplug_answer() only; else ev's answer is all 0 */
	bool closed; /* the device's plugin has run, or serves another hook: kplug_answer() refuses other programs */
	bool served; /* its program for this hook runs, or has run */
};

static inline struct kplug_hook_ctx *kplug_hook_ctx_of(struct kplug_event *ev)
{
	return container_of(ev, struct kplug_hook_ctx, ev);
}

/*
 * Initialises the context of a hook that runs in a process. An initialiser and not a function: kernels that clear stack
 * variables would clear it twice, at each call. file: id of the open file that calls, or 0.
 */
/* clang-format off */
#define KPLUG_HOOK_CTX(kdev_, hook_, file_)                                                                            \
	{                                                                                                              \
		.ev.hook = (hook_), .ev.device = (kdev_)->number, .ev.pid = task_tgid_nr(current),                     \
		.ev.uid = __kuid_val(current_uid()), .ev.file = (file_), .kdev = (kdev_),                              \
	}
/* clang-format on */

/*
 * Fires the hook f->ev.hook. The device's plugin answers, or, if it has none, programs attached to the tracepoint; then
 * perf and others see the event. The answer is in f->ev. Returns its result as hooks that may refuse have it: 0 or a
 * negative errno, whatever number the program gave. Any context.
 */
int kplug_hook_fire(struct kplug_hook_ctx *f);

/* Their tracepoints. */
extern struct tracepoint *const kplug_hooks[KPLUG_HOOK_COUNT];

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

/* Has the caller the rights that KPLUG_PLUGIN_LOAD needs? */
bool kplug_may_load(void);

/* See KPLUG_PLUGIN_LOAD and its kin; fds and ids are their arrays. The caller has entered the device. */
int kplug_plugin_load(struct kplug_device *kdev, const struct kplug_plugin_load *arg, const s32 fds[KPLUG_HOOK_COUNT]);
int kplug_plugin_unload(struct kplug_device *kdev, const struct kplug_plugin_unload *arg);
int kplug_plugin_rollback(struct kplug_device *kdev, const struct kplug_plugin_unload *arg);
int kplug_plugin_info(struct kplug_device *kdev, struct kplug_plugin_info *arg, u32 ids[KPLUG_HOOK_COUNT]);

/* Unloads the plugin and the one kept for a rollback, for the device's removal. */
void kplug_plugin_remove(struct kplug_device *kdev);

int kplug_hook_init(void);
void kplug_hook_exit(void);
int kplug_kfuncs_init(void);

#endif /* KPLUG_PLUGIN_H */
