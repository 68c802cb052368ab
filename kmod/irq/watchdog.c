// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stops a vector whose plugin would hang the machine or the neighbours on the line. The verifier proves that a program
 * ends, not that it ends soon or quiets its device. The kernel's own spurious-interrupt check sees only unclaimed
 * interrupts, and then disables the line for all devices.
 */
#include <linux/interrupt.h>
#include <linux/module.h>

#include "irq/vector.h"
#include "plugin/plugin.h"

#define CHECK_EVERY 64 /* interrupts of a line: a check costs four accesses to the configuration space */
#define CHECKS 256 /* wrong ones in a row, so 16,384 interrupts; the kernel disables a line after 100,000 */
#define DEFERRED_MAX 10000
#define STRIKE 16 /* for a run over the budget; one within it takes back one */
#define STRIKES (4 * STRIKE)

static unsigned int irq_budget_us = 10000;
module_param(irq_budget_us, uint, 0644);
MODULE_PARM_DESC(irq_budget_us, "time that a run of the interrupt hook may take; several over it stop the vector");

static const char *const stop_reasons[] = {
	[KPLUG_STOP_CLAIMED] = "the plugin claims interrupts that it does not quiet",
	[KPLUG_STOP_DENIED] = "the plugin denies its device's interrupts",
	[KPLUG_STOP_DEFERRED] = "the plugin defers faster than its deferred hook runs",
	[KPLUG_STOP_SLOW] = "the plugin's interrupt hook takes too long",
};

static bool intx_line_is_up(struct kplug_vector *v)
{
	const struct kplug_bus_ops *ops = v->kdev->desc.ops;
	bool up = ops->intx_mask(v->kdev);

	if (up)
		ops->intx_enable(v->kdev, true);
	return up;
}

void kplug_watchdog_before(struct kplug_vector *v)
{
	struct kplug_watchdog *w = &v->watchdog;

	w->checking = kplug_vector_intx(v) && ++w->seen % CHECK_EVERY == 0;
	w->was_up = w->checking && intx_line_is_up(v);
}

/*
 * A claimed interrupt was the device's, and its line is down now; a denied one was not. A busy device may be up again
 * at once, but not at each check.
 */
static bool watchdog_is_wrong(struct kplug_vector *v, bool claimed)
{
	struct kplug_watchdog *w = &v->watchdog;
	bool up;

	if (!w->checking)
		return false;
	up = intx_line_is_up(v);
	w->wrong = (claimed ? up || !w->was_up : up && w->was_up) ? w->wrong + 1 : 0;
	return w->wrong >= CHECKS;
}

static bool watchdog_is_slow(struct kplug_watchdog *w, u64 ns)
{
	if (ns > w->longest)
		WRITE_ONCE(w->longest, ns);
	if (ns > irq_budget_us * (u64)NSEC_PER_USEC)
		w->strikes += STRIKE;
	else if (w->strikes)
		w->strikes--;
	return w->strikes >= STRIKES;
}

/* Many deferrals may wait, since one run stands for all; but not for long. */
static bool watchdog_is_stuck(struct kplug_vector *v, u64 now)
{
	int pending = atomic_read(&v->pending);

	if (!pending)
		v->watchdog.deferred_since = now;
	return pending >= DEFERRED_MAX && now - v->watchdog.deferred_since > NSEC_PER_SEC;
}

static void watchdog_stop(struct kplug_vector *v, enum kplug_stop why)
{
	struct kplug_device *kdev = v->kdev;

	if (kplug_vector_intx(v))
		kdev->desc.ops->intx_enable(kdev, false);
	else
		disable_irq_nosync(v->irq);
	smp_store_release(&v->stopped, why); /* after the above, which a resume undoes */
	dev_warn_ratelimited(&kdev->dev, "vector %u is stopped: %s; see kplug irq resume\n", v->index,
			     stop_reasons[why]);
	kplug_vector_wake(v);
}

void kplug_watchdog_after(struct kplug_vector *v, u32 flags, u64 start, u64 end)
{
	bool wrong = watchdog_is_wrong(v, flags & KPLUG_MINE), slow = watchdog_is_slow(&v->watchdog, end - start);

	if (slow)
		watchdog_stop(v, KPLUG_STOP_SLOW);
	else if (wrong)
		watchdog_stop(v, flags & KPLUG_MINE ? KPLUG_STOP_CLAIMED : KPLUG_STOP_DENIED);
	else if (flags & KPLUG_MINE && flags & KPLUG_DEFER && watchdog_is_stuck(v, start))
		watchdog_stop(v, KPLUG_STOP_DEFERRED);
}

int kplug_irq_resume(struct kplug_device *kdev, const struct kplug_irq *arg)
{
	struct kplug_vector *v = kplug_vector_at(kdev, arg->vector);

	if (!kplug_may_load())
		return -EPERM;
	if (IS_ERR(v))
		return PTR_ERR(v);
	guard(mutex)(&kdev->irq_lock);
	if (!kplug_watchdog_stopped(v))
		return -EALREADY;
	v->watchdog = (struct kplug_watchdog){ .deferred_since = ktime_get_ns() };
	smp_store_release(&v->stopped, KPLUG_STOP_NONE); /* after the above, which the handler reads */
	if (!kplug_vector_intx(v))
		enable_irq(v->irq);
	else if (v->users)
		kdev->desc.ops->intx_enable(kdev, true);
	return 0;
}

int kplug_irq_info(struct kplug_device *kdev, struct kplug_irq_info *arg)
{
	struct kplug_vector *v = kplug_vector_at(kdev, arg->vector);

	if (IS_ERR(v))
		return PTR_ERR(v);
	arg->out_irq = max(v->irq, 0); /* an INTx that the board does not route has INT_MIN */
	arg->out_users = READ_ONCE(v->users);
	arg->out_stopped = kplug_watchdog_stopped(v);
	arg->out_reserved = 0;
	arg->out_unclaimed = READ_ONCE(v->unclaimed);
	arg->out_deferred = READ_ONCE(v->deferred);
	arg->out_longest = READ_ONCE(v->watchdog.longest);
	raw_spin_lock_irq(&v->lock);
	arg->out_interrupts = v->stats.sequence;
	arg->out_wakeups = v->stats.posts;
	raw_spin_unlock_irq(&v->lock);
	return 0;
}
