/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event that a hook gets. Plugins read it through the module's BTF (vmlinux.h names the same members), so it holds
 * no kernel pointer. Plugins cannot write it; kfuncs can.
 */
#ifndef KPLUG_EVENT_H
#define KPLUG_EVENT_H

#include <linux/types.h>

/* All hooks, by name and by enum kplug_hook. A new hook is one line here and one in the enum. */
#define KPLUG_HOOKS(X)                                                                                                 \
	X(open, OPEN)                                                                                                  \
	X(close, CLOSE)                                                                                                \
	X(call, CALL)                                                                                                  \
	X(int_enable, INT_ENABLE)                                                                                      \
	X(int_disable, INT_DISABLE)                                                                                    \
	X(interrupt, INTERRUPT)                                                                                        \
	X(deferred, DEFERRED)                                                                                          \
	X(event, EVENT)

struct kplug_event {
	u32 hook; /* enum kplug_hook */
	u32 device; /* kplug_device.number */
	u32 vector;
	u32 message;
	u32 size; /* bytes behind kplug_event_data() */
	u32 pid;
	u32 uid;
	u32 shared;
	u64 sequence;
	u64 count;
	u64 time; /* ns, CLOCK_MONOTONIC; 0 in hooks that run in a process, but for event */
	u64 file; /* id of the open file that calls; 0: none */
	s64 result; /* from here: the answer */
	u32 flags;
	u32 notify;
	/*
	 * Always NULL. Where a kfunc takes a struct of plain numbers, the verifier accepts any memory of that size, so
	 * a program could pass its stack with a forged context around it. A struct that has a pointer must be the
	 * kernel's own.
	 */
	void *unforgeable;
};

#endif /* KPLUG_EVENT_H */
