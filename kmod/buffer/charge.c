// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory counts for the user that asked for it, in the counter that io_uring and others use (io_uring/rsrc.c): by user
 * and not by program, so that neither a child nor an exit escapes it. And for the device, with what else root limits.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include "buffer/memory.h"
#include "core/device.h"

int kplug_limit_take(struct kplug_device *kdev, const u64 amount[KPLUG_LIMIT_COUNT])
{
	bool exempt = ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);
	u32 i;

	guard(spinlock)(&kdev->limit_lock);
	for (i = 0; i < KPLUG_LIMIT_COUNT; i++)
		if (!exempt && amount[i] > kdev->limit[i] - min(kdev->used[i], kdev->limit[i]))
			return -EDQUOT;
	for (i = 0; i < KPLUG_LIMIT_COUNT; i++)
		kdev->used[i] += amount[i];
	return 0;
}

void kplug_limit_put(struct kplug_device *kdev, const u64 amount[KPLUG_LIMIT_COUNT])
{
	u32 i;

	guard(spinlock)(&kdev->limit_lock);
	for (i = 0; i < KPLUG_LIMIT_COUNT; i++)
		kdev->used[i] -= amount[i];
}

int kplug_limit(struct kplug_device *kdev, struct kplug_limit *arg)
{
	u32 what = array_index_nospec(arg->what, KPLUG_LIMIT_COUNT);

	if (arg->flags & ~KPLUG_LIMIT_SET || arg->reserved || arg->what >= KPLUG_LIMIT_COUNT)
		return -EINVAL;
	if (arg->flags & KPLUG_LIMIT_SET && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	guard(spinlock)(&kdev->limit_lock);
	if (arg->flags & KPLUG_LIMIT_SET)
		kdev->limit[what] = arg->max;
	arg->out_max = kdev->limit[what];
	arg->out_used = kdev->used[what];
	return 0;
}

static int charge_user(struct kplug_charge *charge, unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = current_user();
	long old;

	if (ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK))
		return 0;
	old = atomic_long_read(&user->locked_vm);
	do {
		if (pages > limit || old > limit - pages)
			return -EDQUOT;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, old + pages));
	charge->user = get_uid(user);
	charge->pages = pages;
	return 0;
}

int kplug_charge(struct kplug_charge *charge, struct kplug_device *kdev, unsigned long pages)
{
	int err;

	charge->used[KPLUG_LIMIT_BYTES] = (u64)pages << PAGE_SHIFT;
	err = kplug_limit_take(kdev, charge->used);
	if (err)
		return err;
	charge->kdev = kdev;
	err = charge_user(charge, pages);
	if (err)
		kplug_uncharge(charge);
	return err;
}
EXPORT_SYMBOL_GPL(kplug_charge);

void kplug_uncharge(struct kplug_charge *charge)
{
	if (charge->kdev)
		kplug_limit_put(charge->kdev, charge->used);
	charge->kdev = NULL;
	if (!charge->user)
		return;
	atomic_long_sub(charge->pages, &charge->user->locked_vm);
	free_uid(charge->user);
}
EXPORT_SYMBOL_GPL(kplug_uncharge);
