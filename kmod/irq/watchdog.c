// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stops a vector whose plugin does not let the machine, or the neighbours on the line, live. The verifier promises that
 * a program ends, not that it ends soon, nor that it quiets its device; and the kernel's own guard sees only interrupts
 * that nobody claims, and then takes the line from all.
 */
#include <linux/interrupt.h>
#include <linux/module.h>

#include "irq/vector.h"

#define LOOK_EVERY 64 /* interrupts of a line: a look takes four accesses to the configuration space */
#define LOOKS 256 /* wrong ones in a row, so 16,384 interrupts; the kernel disables a line after 100,000 */
#define DEFERRED_MAX 10000
#define STRIKE 16 /* for a run over the budget; one within it takes back one */
#define STRIKES (4 * STRIKE)

static unsigned int irq_budget_us = 10000;
module_param(irq_budget_us, uint, 0644);
MODULE_PARM_DESC(irq_budget_us, "time that a run of the interrupt hook may take; several over it stop the vector");

static const char *const reasons[] = {
	[KPLUG_STOP_CLAIMED] = "the plugin claims interrupts that it does not quiet",
	[KPLUG_STOP_DENIED] = "the plugin denies its device's interrupts",
	[KPLUG_STOP_DEFERRED] = "the plugin defers faster than its deferred hook runs",
	[KPLUG_STOP_SLOW] = "the plugin's interrupt hook takes too long",
};

static bool line_is_up(struct kplug_vector *v)
{
	const struct kplug_bus_ops *ops = v->kdev->desc.ops;
	bool up = ops->intx_mask(v->kdev);

	if (up)
		ops->intx_enable(v->kdev, true);
	return up;
}

void kplug_guard_before(struct kplug_vector *v)
{
	struct kplug_guard *g = &v->guard;

	g->looking = kplug_vector_intx(v) && ++g->seen % LOOK_EVERY == 0;
	if (g->looking)
		g->was_up = line_is_up(v);
}

/*
 * A claimed interrupt was the device's, and its line is down now; a denied one was not. A busy device may be up again
 * at once, but not at each look.
 */
static bool is_wrong(struct kplug_vector *v, bool claimed)
{
	struct kplug_guard *g = &v->guard;
	bool up;

	if (!g->looking)
		return false;
	up = line_is_up(v);
	if (claimed ? up || !g->was_up : up && g->was_up)
		g->wrong++;
	else
		g->wrong = 0;
	return g->wrong >= LOOKS;
}

static bool is_slow(struct kplug_guard *g, u64 ns)
{
	if (ns > g->longest)
		WRITE_ONCE(g->longest, ns);
	if (ns > irq_budget_us * (u64)NSEC_PER_USEC)
		g->strikes += STRIKE;
	else if (g->strikes)
		g->strikes--;
	return g->strikes >= STRIKES;
}

/* Many deferrals may wait, since one run stands for all; but not for long. */
static bool is_stuck(struct kplug_vector *v, u64 now)
{
	int pending = atomic_read(&v->pending);

	if (!pending)
		v->guard.deferred_since = now;
	return pending >= DEFERRED_MAX && now - v->guard.deferred_since > NSEC_PER_SEC;
}

static void stop(struct kplug_vector *v, enum kplug_stop why)
{
	struct kplug_device *kdev = v->kdev;

	if (kplug_vector_intx(v))
		kdev->desc.ops->intx_enable(kdev, false);
	else
		disable_irq_nosync(v->irq);
	smp_store_release(&v->guard.stopped, why); /* whoever sees it may undo the above */
	dev_warn(&kdev->dev, "vector %u is stopped: %s; see kplug irq resume\n", v->index, reasons[why]);
	kplug_vector_wake(v);
}

void kplug_guard_after(struct kplug_vector *v, u32 flags, u64 start, u64 end)
{
	bool wrong = is_wrong(v, flags & KPLUG_MINE), slow = is_slow(&v->guard, end - start);

	if (slow)
		stop(v, KPLUG_STOP_SLOW);
	else if (wrong)
		stop(v, flags & KPLUG_MINE ? KPLUG_STOP_CLAIMED : KPLUG_STOP_DENIED);
	else if (flags & KPLUG_MINE && flags & KPLUG_DEFER && is_stuck(v, start))
		stop(v, KPLUG_STOP_DEFERRED);
}

int kplug_irq_resume(struct kplug_device *kdev, u32 vector)
{
	struct kplug_vector *v;
	int err = 0;

	if (vector >= kdev->desc.vectors)
		return -ERANGE;
	v = &kdev->vector[vector];
	mutex_lock(&kdev->irq_lock);
	if (!kplug_guard_stopped(v)) {
		err = -EALREADY;
		goto out;
	}
	v->guard.wrong = 0;
	v->guard.strikes = 0;
	v->guard.longest = 0;
	v->guard.deferred_since = ktime_get_ns();
	smp_store_release(&v->guard.stopped, KPLUG_STOP_NONE); /* the above is clean for whoever sees it */
	if (!kplug_vector_intx(v))
		enable_irq(v->irq);
	else if (v->users)
		kdev->desc.ops->intx_enable(kdev, true);
out:
	mutex_unlock(&kdev->irq_lock);
	return err;
}

int kplug_irq_info(struct kplug_device *kdev, struct kplug_irq_info *arg)
{
	struct kplug_vector *v;

	if (arg->vector >= kdev->desc.vectors)
		return -ERANGE;
	v = &kdev->vector[arg->vector];
	arg->out_irq = max(kdev->desc.ops->irq(kdev, v->index), 0);
	arg->out_users = READ_ONCE(v->users);
	arg->out_stopped = kplug_guard_stopped(v);
	arg->out_reserved = 0;
	arg->out_unclaimed = READ_ONCE(v->guard.unclaimed);
	arg->out_deferred = READ_ONCE(v->guard.deferred);
	arg->out_longest = READ_ONCE(v->guard.longest);
	raw_spin_lock_irq(&v->lock);
	arg->out_interrupts = v->now.sequence;
	arg->out_wakeups = v->now.posts;
	raw_spin_unlock_irq(&v->lock);
	return 0;
}
