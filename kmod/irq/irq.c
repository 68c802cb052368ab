// SPDX-License-Identifier: GPL-2.0-only
/* Vectors: enabling and disabling them, and from the interrupt through the hooks. */
#include <linux/bits.h>
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "irq/vector.h"

static void vector_frame(struct kplug_frame *f, const struct kplug_vector *v, enum kplug_hook hook, u64 time,
			 struct kplug_attachment *attachment)
{
	attachment->size = 0;
	*f = (struct kplug_frame){
		.ev.hook = hook,
		.ev.device = v->kdev->number,
		.ev.vector = v->index,
		.ev.shared = kplug_vector_intx(v),
		.ev.time = time,
		.kdev = v->kdev,
		.attachment = attachment,
	};
}

/* Where no program served the interrupt: an MSI is the device's; an INTx line is masked until a program unmasks it. */
static void answer_by_default(struct kplug_frame *f)
{
	struct kplug_device *kdev = f->kdev;

	if (f->ev.shared && !kdev->desc.ops->intx_mask(kdev))
		return;
	f->ev.flags = KPLUG_MINE;
	f->ev.notify = 1;
}

/* No hook is to run: none has the vector enabled (see release()), or a guard has stopped it. */
static irqreturn_t dismiss(const struct kplug_vector *v)
{
	if (!kplug_vector_intx(v))
		return IRQ_HANDLED;
	return v->kdev->desc.ops->intx_mask(v->kdev) ? IRQ_HANDLED : IRQ_NONE;
}

static irqreturn_t handle(int irq, void *arg)
{
	struct kplug_attachment attachment;
	struct kplug_vector *v = arg;
	u64 time = ktime_get_ns(), end;
	struct kplug_frame f;

	if (!READ_ONCE(v->users) || kplug_guard_stopped(v))
		return dismiss(v);
	vector_frame(&f, v, KPLUG_HOOK_INTERRUPT, time, &attachment);
	f.ev.sequence = v->now.sequence + 1; /* the line is in service: only we write it */
	kplug_guard_before(v);
	kplug_hook_fire(&f);
	end = ktime_get_ns();
	if (f.answered || f.served)
		kplug_guard_after(v, f.ev.flags, time, end);
	else
		answer_by_default(&f);

	if (!(f.ev.flags & KPLUG_MINE)) {
		WRITE_ONCE(v->guard.unclaimed, v->guard.unclaimed + 1);
		/* A message is ours whatever the plugin thinks of it; a shared line's neighbour must be asked. */
		return kplug_vector_intx(v) ? IRQ_NONE : IRQ_HANDLED;
	}
	kplug_vector_post(v, &f, end);
	if (!(f.ev.flags & KPLUG_DEFER))
		return IRQ_HANDLED;
	WRITE_ONCE(v->guard.deferred, v->guard.deferred + 1);
	/* A thread that is woken has yet to look; woken again, the kernel would take the line for nobody's. */
	return atomic_inc_return(&v->pending) == 1 ? IRQ_WAKE_THREAD : IRQ_HANDLED;
}

static irqreturn_t handle_deferred(int irq, void *arg)
{
	struct kplug_attachment attachment;
	struct kplug_vector *v = arg;
	int count = atomic_xchg(&v->pending, 0);
	u64 sequence, time, begin;
	struct kplug_frame f;

	if (!count || !READ_ONCE(v->users))
		return IRQ_HANDLED;
	raw_spin_lock_irq(&v->lock);
	sequence = v->now.sequence;
	time = v->time;
	raw_spin_unlock_irq(&v->lock);
	vector_frame(&f, v, KPLUG_HOOK_DEFERRED, time, &attachment);
	f.ev.sequence = sequence;
	f.ev.count = count;
	begin = ktime_get_ns();
	kplug_hook_fire(&f);
	if (!f.answered && !f.served)
		f.ev.notify = 1; /* silence is no answer: the readers look for themselves */
	kplug_vector_post(v, &f, begin);
	return IRQ_HANDLED;
}

static int fire_int_hook(struct kplug_device *kdev, enum kplug_hook hook, u32 vector, u8 *data, u32 size)
{
	struct kplug_frame f = KPLUG_PROCESS_FRAME(kdev, hook);

	f.ev.vector = vector;
	f.ev.size = size;
	f.data = data;
	kplug_hook_fire(&f);
	return kplug_refusal(&f);
}

static int request(struct kplug_vector *v)
{
	struct kplug_device *kdev = v->kdev;
	bool intx = kplug_vector_intx(v);
	int err;

	if (v->requested)
		return 0;
	v->irq = kdev->desc.ops->irq(kdev, v->index);
	if (v->irq < 0)
		return v->irq;
	err = request_threaded_irq(v->irq, handle, handle_deferred, intx ? IRQF_SHARED : 0, dev_name(&kdev->dev), v);
	v->requested = !err;
	if (!err && intx && !kplug_guard_stopped(v))
		kdev->desc.ops->intx_enable(kdev, true);
	return err;
}

static void free_vector(struct kplug_vector *v)
{
	if (v->requested)
		free_irq(v->irq, v);
	v->requested = false;
}

/*
 * Nobody wants the vector any more: returns when no hook of it runs. A message-signalled one stays requested, and its
 * interrupts are dropped: free_irq() would make its message address 0, to which a device that cannot mask its vectors
 * would then write at its next interrupt. At removal the device is silenced first.
 */
static void release(struct kplug_vector *v)
{
	if (kplug_vector_intx(v)) {
		v->kdev->desc.ops->intx_enable(v->kdev, false);
		free_vector(v);
		v->kdev->desc.ops->intx_enable(v->kdev, false); /* the guard may just have let it through */
	} else {
		synchronize_irq(v->irq);
	}
	atomic_set(&v->pending, 0);
	kplug_vector_calm(v);
}

/* The first user of the vector: 0, or the hook is told that it is over. */
static int first_user(struct kplug_vector *v)
{
	int err = request(v);

	if (err) {
		WRITE_ONCE(v->users, 0);
		fire_int_hook(v->kdev, KPLUG_HOOK_INT_DISABLE, v->index, NULL, 0);
	}
	return err;
}

static int enable(struct kplug_vector *v, struct kplug_reader *reader, u8 *data, u32 size, struct eventfd_ctx *eventfd)
{
	int err;

	lockdep_assert_held(&v->kdev->irq_lock);
	err = -EALREADY;
	if (!(reader->enabled & BIT(v->index)))
		err = fire_int_hook(v->kdev, KPLUG_HOOK_INT_ENABLE, v->index, data, size);
	if (err) {
		if (eventfd)
			eventfd_ctx_put(eventfd);
		return err;
	}
	kplug_vector_subscribe(v, reader, eventfd);
	WRITE_ONCE(v->users, v->users + 1); /* first: an interrupt may come at once */
	err = v->users == 1 ? first_user(v) : 0;
	if (err)
		kplug_reader_unsubscribe(reader, BIT(v->index));
	else
		WRITE_ONCE(reader->enabled, reader->enabled | BIT(v->index));
	return err;
}

int kplug_irq_enable(struct kplug_device *kdev, struct kplug_reader *reader, const struct kplug_irq_enable *arg,
		     u8 *data)
{
	struct eventfd_ctx *eventfd = NULL;
	int err;

	if (arg->flags & ~KPLUG_IRQ_EVENTFD)
		return -EINVAL;
	if (arg->vector >= kdev->desc.vectors)
		return -ERANGE;
	if (arg->flags & KPLUG_IRQ_EVENTFD)
		eventfd = eventfd_ctx_fdget(arg->eventfd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	mutex_lock(&kdev->irq_lock);
	err = enable(&kdev->vector[arg->vector], reader, data, arg->data_size, eventfd);
	mutex_unlock(&kdev->irq_lock);
	return err;
}

static void disable(struct kplug_device *kdev, struct kplug_reader *reader, u32 vector, u8 *data, u32 size)
{
	struct kplug_vector *v = &kdev->vector[vector];

	lockdep_assert_held(&kdev->irq_lock);
	WRITE_ONCE(reader->enabled, reader->enabled & ~BIT(vector));
	WRITE_ONCE(v->users, v->users - 1);
	if (!v->users)
		release(v);
	fire_int_hook(kdev, KPLUG_HOOK_INT_DISABLE, vector, data, size);
}

int kplug_irq_disable(struct kplug_device *kdev, struct kplug_reader *reader, const struct kplug_irq_enable *arg,
		      u8 *data)
{
	int err = 0;

	if (arg->flags)
		return -EINVAL;
	if (arg->vector >= kdev->desc.vectors)
		return -ERANGE;
	mutex_lock(&kdev->irq_lock);
	if (reader->enabled & BIT(arg->vector)) {
		disable(kdev, reader, arg->vector, data, arg->data_size);
		kplug_reader_unsubscribe(reader, BIT(arg->vector));
	} else {
		err = -EALREADY;
	}
	mutex_unlock(&kdev->irq_lock);
	return err;
}

void kplug_irq_disable_all(struct kplug_device *kdev, struct kplug_reader *reader)
{
	u32 vector;

	mutex_lock(&kdev->irq_lock);
	for (vector = 0; vector < kdev->desc.vectors; vector++)
		if (reader->enabled & BIT(vector))
			disable(kdev, reader, vector, NULL, 0);
	mutex_unlock(&kdev->irq_lock);
}

void kplug_irq_unsubscribe_all(struct kplug_device *kdev, struct kplug_reader *reader)
{
	mutex_lock(&kdev->irq_lock);
	kplug_reader_unsubscribe(reader, U32_MAX);
	mutex_unlock(&kdev->irq_lock);
}

int kplug_irq_unmask(struct kplug_device *kdev, u32 vector)
{
	struct kplug_vector *v;
	int err = 0;

	if (vector >= kdev->desc.vectors)
		return -ERANGE;
	v = &kdev->vector[vector];
	mutex_lock(&kdev->irq_lock);
	if (kplug_guard_stopped(v))
		err = -EBUSY;
	else if (kplug_vector_intx(v) && v->users) /* else its interrupts would be nobody's */
		kdev->desc.ops->intx_enable(kdev, true);
	mutex_unlock(&kdev->irq_lock);
	return err;
}

int kplug_irq_trigger(struct kplug_device *kdev, u32 vector)
{
	struct kplug_vector *v;
	int err;

	if (vector >= kdev->desc.vectors)
		return -ERANGE;
	if (kdev->desc.ops->raise)
		return kdev->desc.ops->raise(kdev, vector);
	if (kdev->desc.irq_mode == KPLUG_IRQ_INTX)
		return -EOPNOTSUPP; /* a line that nobody raises would be nobody's */
	v = &kdev->vector[vector];
	mutex_lock(&kdev->irq_lock);
	err = v->users ? irq_inject_interrupt(v->irq) : -EAGAIN;
	mutex_unlock(&kdev->irq_lock);
	return err;
}

int kplug_irq_alloc(struct kplug_device *kdev)
{
	u32 i;

	kdev->vector = kcalloc(kdev->desc.vectors, sizeof(*kdev->vector), GFP_KERNEL);
	if (!kdev->vector)
		return -ENOMEM;
	for (i = 0; i < kdev->desc.vectors; i++)
		kplug_vector_init(&kdev->vector[i], kdev, i);
	return 0;
}

void kplug_irq_remove(struct kplug_device *kdev)
{
	u32 i;

	mutex_lock(&kdev->irq_lock);
	for (i = 0; i < kdev->desc.vectors; i++) {
		WRITE_ONCE(kdev->vector[i].users, 0);
		free_vector(&kdev->vector[i]);
		kplug_vector_end(&kdev->vector[i]);
	}
	mutex_unlock(&kdev->irq_lock);
}

void kplug_irq_free(struct kplug_device *kdev)
{
	kfree(kdev->vector);
}
