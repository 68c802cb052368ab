// SPDX-License-Identifier: GPL-2.0-only
/* Vectors: enabling and disabling them, and from the interrupt through the hooks. */
#include <linux/bitmap.h>
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "irq/vector.h"

static void irq_hook_ctx(struct kplug_hook_ctx *f, const struct kplug_vector *v, enum kplug_hook hook, u8 *attachment)
{
	*f = (struct kplug_hook_ctx){
		.ev.hook = hook,
		.ev.device = v->kdev->number,
		.ev.vector = v->index,
		.ev.shared = kplug_vector_intx(v),
		.kdev = v->kdev,
		.attachment = attachment,
	};
}

/*
 * Without a program to ask: a message is the device's, and so is an interrupt of a line that it raises. The line then
 * stays masked until a program unmasks it.
 */
static bool irq_claim_unasked(const struct kplug_vector *v)
{
	return !kplug_vector_intx(v) || v->kdev->desc.ops->intx_mask(v->kdev);
}

static irqreturn_t irq_handle(int irq, void *arg)
{
	u8 attachment[KPLUG_ATTACH_MAX];
	struct kplug_vector *v = arg;
	u64 time = ktime_get_ns(), end;
	struct kplug_hook_ctx f;

	/* No hook where no file has the vector enabled (see vector_release()), or the watchdog has stopped it. */
	if (!READ_ONCE(v->users) || kplug_watchdog_stopped(v))
		return IRQ_RETVAL(irq_claim_unasked(v));
	irq_hook_ctx(&f, v, KPLUG_HOOK_INTERRUPT, attachment);
	f.ev.time = time;
	f.ev.sequence = v->stats.sequence + 1; /* the line is in service: this handler is the only writer */
	kplug_watchdog_before(v);
	kplug_hook_fire(&f);
	end = ktime_get_ns();
	if (f.answered || f.served) {
		kplug_watchdog_after(v, f.ev.flags, time, end);
	} else if (irq_claim_unasked(v)) {
		f.ev.flags = KPLUG_MINE;
		f.ev.notify = 1;
	}

	if (!(f.ev.flags & KPLUG_MINE)) {
		WRITE_ONCE(v->unclaimed, v->unclaimed + 1);
		/* A message is the device's whatever the plugin says; on a shared line the neighbour must be asked. */
		return kplug_vector_intx(v) ? IRQ_NONE : IRQ_HANDLED;
	}
	kplug_vector_post(v, &f, end);
	if (!(f.ev.flags & KPLUG_DEFER))
		return IRQ_HANDLED;
	WRITE_ONCE(v->deferred, v->deferred + 1);
	/* Wake only on 0 -> 1: IRQ_WAKE_THREAD again before the thread ran counts as spurious. */
	return atomic_inc_return(&v->pending) == 1 ? IRQ_WAKE_THREAD : IRQ_HANDLED;
}

static irqreturn_t irq_handle_deferred(int irq, void *arg)
{
	u8 attachment[KPLUG_ATTACH_MAX];
	struct kplug_vector *v = arg;
	int count = atomic_xchg(&v->pending, 0);
	struct kplug_hook_ctx f;
	u64 begin;

	if (!count || !READ_ONCE(v->users))
		return IRQ_HANDLED;
	irq_hook_ctx(&f, v, KPLUG_HOOK_DEFERRED, attachment);
	scoped_guard(raw_spinlock_irq, &v->lock) {
		f.ev.sequence = v->stats.sequence;
		f.ev.time = v->record.time;
	}
	f.ev.count = count;
	begin = ktime_get_ns();
	kplug_hook_fire(&f);
	if (!f.answered && !f.served)
		f.ev.notify = 1; /* no answer: wake the readers */
	kplug_vector_post(v, &f, begin);
	return IRQ_HANDLED;
}

static int irq_fire(struct kplug_vector *v, const struct kplug_reader *reader, enum kplug_hook hook, u8 *data, u32 size)
{
	struct kplug_hook_ctx f = KPLUG_HOOK_CTX(v->kdev, hook, reader->file);

	f.ev.vector = v->index;
	f.ev.size = size;
	f.data = data;
	return kplug_hook_fire(&f);
}

static int vector_request(struct kplug_vector *v)
{
	struct kplug_device *kdev = v->kdev;
	bool intx = kplug_vector_intx(v);
	int err;

	if (v->requested)
		return 0;
	err = request_threaded_irq(v->irq, irq_handle, irq_handle_deferred, intx ? IRQF_SHARED : 0,
				   dev_name(&kdev->dev), v);
	v->requested = !err;
	if (!err && intx && !kplug_watchdog_stopped(v))
		kdev->desc.ops->intx_enable(kdev, true);
	return err;
}

static void vector_free_irq(struct kplug_vector *v)
{
	if (v->requested)
		free_irq(v->irq, v);
	v->requested = false;
}

/*
 * The last user is gone: returns when no hook of the vector runs. A message-signalled vector stays requested, and its
 * interrupts are dropped: free_irq() would set its message address to 0, and a device that cannot mask its vectors
 * would write there at its next interrupt. At removal the device is silenced first.
 */
static void vector_release(struct kplug_vector *v)
{
	if (kplug_vector_intx(v)) {
		v->kdev->desc.ops->intx_enable(v->kdev, false);
		vector_free_irq(v);
		v->kdev->desc.ops->intx_enable(v->kdev, false); /* the watchdog may have unmasked it to look */
	} else {
		synchronize_irq(v->irq);
	}
	atomic_set(&v->pending, 0);
	kplug_vector_cancel_wake(v);
}

static void vector_disable(struct kplug_vector *v, struct kplug_reader *reader)
{
	kplug_vector_unsubscribe(v, reader);
	WRITE_ONCE(v->users, v->users - 1);
	if (!v->users)
		vector_release(v);
	irq_fire(v, reader, KPLUG_HOOK_INT_DISABLE, NULL, 0);
	kplug_device_dma_user(v->kdev, true, -1);
}

struct kplug_vector *kplug_vector_at(struct kplug_device *kdev, u32 index)
{
	u32 vectors = kdev->desc.vectors;

	return index < vectors ? &kdev->vector[array_index_nospec(index, vectors)] : ERR_PTR(-ERANGE);
}

/* Waits until no wake-up uses what was taken off a vector's list: it may be freed, or listed again. */
static void irq_end_subscription(struct eventfd_ctx *eventfd)
{
	synchronize_rcu();
	if (eventfd)
		eventfd_ctx_put(eventfd);
}

static int irq_enable(struct kplug_vector *v, struct kplug_reader *reader, struct eventfd_ctx *eventfd, u8 *data,
		      u32 size)
{
	int err;

	guard(mutex)(&v->kdev->irq_lock);
	if (test_bit(v->index, reader->enabled))
		return -EALREADY;
	kplug_device_dma_user(v->kdev, true, 1);
	err = irq_fire(v, reader, KPLUG_HOOK_INT_ENABLE, data, size);
	if (err) {
		kplug_device_dma_user(v->kdev, true, -1);
		return err;
	}
	kplug_vector_subscribe(v, reader, eventfd);
	WRITE_ONCE(v->users, v->users + 1); /* first: an interrupt may come at once */
	err = vector_request(v);
	if (err) {
		vector_disable(v, reader);
		reader->vector[v->index].eventfd = NULL;
	}
	return err;
}

int kplug_irq_enable(struct kplug_device *kdev, struct kplug_reader *reader, const struct kplug_irq_enable *arg,
		     u8 *data)
{
	struct kplug_vector *v = kplug_vector_at(kdev, arg->vector);
	struct eventfd_ctx *eventfd = NULL;
	int err;

	if (arg->flags & ~KPLUG_IRQ_EVENTFD)
		return -EINVAL;
	if (IS_ERR(v))
		return PTR_ERR(v);
	if (arg->flags & KPLUG_IRQ_EVENTFD)
		eventfd = eventfd_ctx_fdget(arg->eventfd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	err = irq_enable(v, reader, eventfd, data, arg->data_size);
	if (err)
		irq_end_subscription(eventfd);
	return err;
}

int kplug_irq_disable(struct kplug_device *kdev, struct kplug_reader *reader, const struct kplug_irq *arg)
{
	struct kplug_vector *v = kplug_vector_at(kdev, arg->vector);
	struct eventfd_ctx *eventfd;

	if (IS_ERR(v))
		return PTR_ERR(v);
	scoped_guard(mutex, &kdev->irq_lock) {
		if (!test_bit(v->index, reader->enabled))
			return -EALREADY;
		vector_disable(v, reader);
		eventfd = xchg(&reader->vector[v->index].eventfd, NULL);
	}
	irq_end_subscription(eventfd);
	return 0;
}

void kplug_irq_close(struct kplug_device *kdev, struct kplug_reader *reader)
{
	bool alive;
	u32 vector;

	if (bitmap_empty(reader->enabled, kdev->desc.vectors))
		return;
	alive = !kplug_device_enter(kdev);
	scoped_guard(mutex, &kdev->irq_lock) {
		for_each_set_bit(vector, reader->enabled, kdev->desc.vectors) {
			if (alive)
				vector_disable(&kdev->vector[vector], reader);
			else
				kplug_vector_unsubscribe(&kdev->vector[vector], reader);
		}
	}
	if (alive)
		kplug_device_leave(kdev);
	synchronize_rcu(); /* once: a wake-up may be on any of them */
	for (vector = 0; vector < kdev->desc.vectors; vector++)
		if (reader->vector[vector].eventfd)
			eventfd_ctx_put(reader->vector[vector].eventfd);
}

int kplug_irq_unmask(struct kplug_device *kdev, const struct kplug_irq *arg)
{
	struct kplug_vector *v = kplug_vector_at(kdev, arg->vector);

	if (IS_ERR(v))
		return PTR_ERR(v);
	guard(mutex)(&kdev->irq_lock);
	if (kplug_watchdog_stopped(v))
		return -EBUSY;
	if (kplug_vector_intx(v) && v->users) /* without a user, no handler would claim its interrupts */
		kdev->desc.ops->intx_enable(kdev, true);
	return 0;
}

int kplug_irq_trigger(struct kplug_device *kdev, const struct kplug_irq *arg)
{
	struct kplug_vector *v = kplug_vector_at(kdev, arg->vector);

	if (IS_ERR(v))
		return PTR_ERR(v);
	if (kdev->desc.ops->raise)
		return kdev->desc.ops->raise(kdev, v->index);
	if (kplug_vector_intx(v))
		return -EOPNOTSUPP; /* the device has not raised its line: no handler would claim the interrupt */
	guard(mutex)(&kdev->irq_lock);
	return v->users ? irq_inject_interrupt(v->irq) : -EAGAIN;
}

int kplug_irq_alloc(struct kplug_device *kdev)
{
	u32 i;

	kdev->vector = kvcalloc(kdev->desc.vectors, sizeof(*kdev->vector), GFP_KERNEL);
	if (!kdev->vector)
		return -ENOMEM;
	for (i = 0; i < kdev->desc.vectors; i++)
		kplug_vector_init(&kdev->vector[i], kdev, i);
	return 0;
}

void kplug_irq_remove(struct kplug_device *kdev)
{
	u32 i;

	guard(mutex)(&kdev->irq_lock);
	for (i = 0; i < kdev->desc.vectors; i++) {
		WRITE_ONCE(kdev->vector[i].users, 0);
		vector_free_irq(&kdev->vector[i]);
		kplug_vector_cancel_wake(&kdev->vector[i]);
		kplug_vector_signal(&kdev->vector[i]); /* once more; they stay until their files close */
	}
}

void kplug_irq_free(struct kplug_device *kdev)
{
	kvfree(kdev->vector);
}
