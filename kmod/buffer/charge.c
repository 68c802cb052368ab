// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory counts for the user that asked for it, in the counter that io_uring and others use (io_uring/rsrc.c): by user
 * and not by program, so that neither a child nor an exit escapes it.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include "buffer/memory.h"

int kplug_charge(struct kplug_charge *charge, unsigned long pages)
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
	*charge = (struct kplug_charge){ get_uid(user), pages };
	return 0;
}
EXPORT_SYMBOL_GPL(kplug_charge);

void kplug_uncharge(struct kplug_charge *charge)
{
	if (!charge->user)
		return;
	atomic_long_sub(charge->pages, &charge->user->locked_vm);
	free_uid(charge->user);
}
EXPORT_SYMBOL_GPL(kplug_uncharge);
