/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_HOOK_H
#define KPLUG_HOOK_H

#include <linux/container_of.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "plugin/event.h"
#include "kplug_uapi.h"

struct kplug_device;

#define KPLUG_ANSWER_FLAGS (KPLUG_MINE | KPLUG_DEFER | KPLUG_FORWARD)

/* What a plugin has attached to an interrupt. Bytes behind `size` are not initialised. */
struct kplug_attachment {
	u32 size;
	u8 bytes[KPLUG_ATTACH_MAX];
};

/*
 * One firing of a hook, on the stack of whoever fires. kfuncs reach it from the event; that is the only way a program
 * reaches a device.
 */
struct kplug_frame {
	struct kplug_event ev;
	struct kplug_device *kdev;
	u8 *data; /* ev.size bytes, or NULL */
	struct kplug_attachment *attachment; /* interrupt, deferred: what kplug_attach() fills */
	u64 wake_after; /* ns, by kplug_wake_after(); 0: not asked */
	bool answered; /* set by kplug_answer() only; else ev's answer is all 0 */
	bool closed; /* the device's plugin has had its say: kplug_answer() refuses all others */
	bool served; /* ... and had a program for this hook, which ran */
};

static inline struct kplug_frame *kplug_frame_of(struct kplug_event *ev)
{
	return container_of(ev, struct kplug_frame, ev);
}

/*
 * Initialises the frame of a hook that runs in a process: who. An initialiser, since kernels that clear the stack's
 * variables would clear it twice otherwise, at each call.
 */
/* clang-format off */
#define KPLUG_PROCESS_FRAME(kdev_, hook_)                                                                              \
	{                                                                                                              \
		.ev.hook = (hook_), .ev.device = (kdev_)->number, .ev.pid = task_tgid_nr(current),                     \
		.ev.uid = __kuid_val(current_uid()), .kdev = (kdev_),                                                  \
	}
/* clang-format on */

/* What a hook that may refuse has said: 0 or a negative errno, whatever number the program gave. */
static inline int kplug_refusal(const struct kplug_frame *f)
{
	return f->ev.result < 0 ? max_t(s64, f->ev.result, -MAX_ERRNO) : 0;
}

/*
 * Fires the hook f->ev.hook: the device's plugin, or, where it has none, programs attached to the tracepoint, may
 * answer; then perf and others see it. The answer is in f->ev. Any context.
 */
void kplug_hook_fire(struct kplug_frame *f);

int kplug_hook_init(void);
void kplug_hook_exit(void);
int kplug_kfuncs_init(void);

#endif /* KPLUG_HOOK_H */
