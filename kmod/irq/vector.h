/* SPDX-License-Identifier: GPL-2.0-only */
/* A vector, shared by irq.c (enable, disable, hooks), reader.c (wakes readers) and watchdog.c (may stop it). */
#ifndef KPLUG_VECTOR_H
#define KPLUG_VECTOR_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/spinlock.h>

#include "core/device.h"
#include "plugin/plugin.h"
#include "irq/irq.h"

/*
 * What the watchdog has seen since the last resume. The vector's handler alone writes it, since an interrupt in service
 * does not come again; and a resume, under irq_lock, while no handler does.
 */
struct kplug_watchdog {
	u32 seen; /* INTx: interrupts that a plugin had a say in */
	u32 wrong; /* ... checks in a row that found the line not as the plugin says */
	bool checking; /* ... at this interrupt */
	bool was_up; /* ... and the line was up before the hook */
	u32 strikes; /* for runs over the budget */
	u64 longest; /* ns, of the interrupt hook's runs */
	u64 deferred_since; /* ns: when the oldest of `pending` came */
};

struct kplug_vector {
	struct kplug_device *kdev; /* this and the next two are constant */
	u32 index;
	int irq; /* Linux number */
	bool requested; /* under irq_lock */
	unsigned int users; /* open files that have it enabled; written under irq_lock, read by the handlers */
	atomic_t pending; /* interrupts that the deferred hook has not seen */
	u32 stopped; /* enum kplug_stop; set by the handler, cleared under irq_lock */
	u64 unclaimed; /* as the next: counted by the handler alone */
	u64 deferred;
	struct kplug_watchdog watchdog;

	raw_spinlock_t lock;
	struct kplug_cursor stats; /* under lock, as the next two */
	bool armed; /* wake_timer is to wake */
	struct kplug_record record; /* of the last interrupt: what is the same for all readers */
	struct hrtimer wake_timer; /* wakes if nothing else does: kplug_wake_after() */

	struct list_head readers; /* RCU list of struct kplug_subscription, written under irq_lock */
};

static inline bool kplug_vector_intx(const struct kplug_vector *v)
{
	return v->kdev->desc.irq_mode == KPLUG_IRQ_INTX;
}

/* irq.c. The vector of this number, or an ERR_PTR of -ERANGE. */
struct kplug_vector *kplug_vector_at(struct kplug_device *kdev, u32 index);

/* reader.c. Publishes a hook's answer. now (ns): when `interrupt` ended or `deferred` began. Handler or thread. */
void kplug_vector_post(struct kplug_vector *v, const struct kplug_hook_ctx *f, u64 now);
/* Wakes the readers once, whatever the plugin says. Any context. */
void kplug_vector_wake(struct kplug_vector *v);
void kplug_vector_init(struct kplug_vector *v, struct kplug_device *kdev, u32 index);
/*
 * Begins and ends a reader's view of the vector, under irq_lock. The eventfd may be NULL. After the end, a wake-up may
 * use it and the subscription for one more grace period.
 */
void kplug_vector_subscribe(struct kplug_vector *v, struct kplug_reader *reader, struct eventfd_ctx *eventfd);
void kplug_vector_unsubscribe(struct kplug_vector *v, struct kplug_reader *reader);
/* Cancels what kplug_wake_after() has armed. No hook runs. */
void kplug_vector_cancel_wake(struct kplug_vector *v);
/* Wakes the sleepers and signals the eventfds. Any context. */
void kplug_vector_signal(struct kplug_vector *v);

/* watchdog.c. Called around the interrupt hook; start and end in ns. The second may stop the vector. Hard IRQ. */
void kplug_watchdog_before(struct kplug_vector *v);
void kplug_watchdog_after(struct kplug_vector *v, u32 flags, u64 start, u64 end);
static inline u32 kplug_watchdog_stopped(const struct kplug_vector *v)
{
	return smp_load_acquire(&v->stopped); /* pairs with kplug_irq_resume() and watchdog_stop() */
}

#endif /* KPLUG_VECTOR_H */
