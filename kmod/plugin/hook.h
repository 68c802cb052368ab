/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_HOOK_H
#define KPLUG_HOOK_H

#include <linux/container_of.h>
#include <linux/cred.h>
#include <linux/sched.h>

#include "plugin/event.h"
#include "kplug_uapi.h"

struct kplug_device;

#define KPLUG_ANSWER_FLAGS (KPLUG_MINE | KPLUG_DEFER | KPLUG_FORWARD | KPLUG_QUIET)

/* What a plugin has attached to an interrupt. Bytes behind `size` are not initialised. */
struct kplug_attachment {
	u32 size;
	u8 bytes[KPLUG_ATTACH_MAX];
};

/*
 * One firing of a hook, on the stack of the caller. kfuncs find it through the event; a program has no other way to a
 * device.
 */
struct kplug_hook_ctx {
	struct kplug_event ev;
	struct kplug_device *kdev;
	u8 *data; /* ev.size bytes, or NULL */
	struct kplug_attachment *attachment; /* interrupt, deferred: what kplug_attach() fills */
	u64 wake_after; /* ns, by kplug_wake_after(); 0: not asked */
	bool answered; /* set by kplug_answer() only; else ev's answer is all 0 */
	bool closed; /* the device's plugin has run, or serves another hook: kplug_answer() refuses other programs */
	bool served; /* ... and its program for this hook ran */
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

/* The name of the hook's tracepoint. */
const char *kplug_hook_tracepoint(enum kplug_hook hook);

int kplug_hook_init(void);
void kplug_hook_exit(void);
int kplug_kfuncs_init(void);

#endif /* KPLUG_HOOK_H */
