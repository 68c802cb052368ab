// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pending calls: a call hook has begun what a later hook completes, and the caller sleeps meanwhile. Each device has a
 * table, so a hook allocates nothing. A tag is the index of a slot and the generation of its use, so who completes a
 * call twice, or too late, finds none.
 */
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/hrtimer.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "call/pending.h"
#include "core/device.h"

/* The lock guards the caller's data, too: who gives its call up frees the slot first, and then its data. */
struct kplug_pending {
	raw_spinlock_t lock;
	u32 generation; /* never 0 */
	enum { FREE, PENDING, COMPLETE } state;
	int err;
	s64 result;
	struct task_struct *caller; /* it frees the slot before it ends */
	u8 *data;
	u32 size;
};

int kplug_pending_alloc(struct kplug_device *kdev)
{
	unsigned int i;

	kdev->pending = kvcalloc(KPLUG_PENDING_MAX, sizeof(*kdev->pending), GFP_KERNEL);
	kdev->pending_used = bitmap_zalloc(KPLUG_PENDING_MAX, GFP_KERNEL);
	if (!kdev->pending || !kdev->pending_used)
		return -ENOMEM; /* kplug_pending_free() follows */
	for (i = 0; i < KPLUG_PENDING_MAX; i++) {
		raw_spin_lock_init(&kdev->pending[i].lock);
		kdev->pending[i].generation = 1;
	}
	return 0;
}

void kplug_pending_free(struct kplug_device *kdev)
{
	bitmap_free(kdev->pending_used);
	kvfree(kdev->pending);
}

static struct kplug_pending *slot_of(struct kplug_device *kdev, u64 tag)
{
	u32 index = (u32)tag;

	return index < KPLUG_PENDING_MAX ? &kdev->pending[array_index_nospec(index, KPLUG_PENDING_MAX)] : NULL;
}

static bool is_pending(const struct kplug_pending *slot, u64 tag)
{
	lockdep_assert_held(&slot->lock);
	return slot->state == PENDING && slot->generation == tag >> 32;
}

u64 kplug_pending_begin(struct kplug_device *kdev, u8 *data, u32 size)
{
	struct kplug_pending *slot;
	unsigned long i;

	do {
		i = find_first_zero_bit(kdev->pending_used, KPLUG_PENDING_MAX);
		if (i == KPLUG_PENDING_MAX)
			return 0;
	} while (test_and_set_bit_lock(i, kdev->pending_used));
	slot = &kdev->pending[i];
	guard(raw_spinlock_irqsave)(&slot->lock);
	slot->state = PENDING;
	slot->caller = current;
	slot->data = data;
	slot->size = size;
	return (u64)slot->generation << 32 | i;
}

int kplug_pending_reply(struct kplug_device *kdev, u64 tag, u32 offset, const void *mem, u32 len)
{
	struct kplug_pending *slot = slot_of(kdev, tag);

	if (!slot)
		return -ENOENT;
	guard(raw_spinlock_irqsave)(&slot->lock);
	if (!is_pending(slot, tag))
		return -ENOENT;
	if (offset > slot->size || len > slot->size - offset)
		return -ERANGE;
	memcpy(slot->data + offset, mem, len);
	return 0;
}

/* The caller looks at the state before it sleeps, and sleeps no more after this. */
static void complete_locked(struct kplug_pending *slot, s64 result, int err)
{
	slot->result = result;
	slot->err = err;
	WRITE_ONCE(slot->state, COMPLETE);
	wake_up_process(slot->caller);
}

int kplug_pending_complete(struct kplug_device *kdev, u64 tag, s64 result)
{
	struct kplug_pending *slot = slot_of(kdev, tag);

	if (!slot)
		return -ENOENT;
	guard(raw_spinlock_irqsave)(&slot->lock);
	if (!is_pending(slot, tag))
		return -ENOENT;
	complete_locked(slot, result, 0);
	return 0;
}

int kplug_pending_end(struct kplug_device *kdev, u64 tag, int err, s64 *ret_result)
{
	struct kplug_pending *slot = slot_of(kdev, tag);

	scoped_guard(raw_spinlock_irqsave, &slot->lock) {
		if (slot->state == COMPLETE) {
			err = slot->err;
			*ret_result = slot->result;
		}
		slot->state = FREE;
		slot->generation = slot->generation + 1 ?: 1;
	}
	clear_bit_unlock((u32)tag, kdev->pending_used);
	return err;
}

int kplug_pending_wait(struct kplug_device *kdev, u64 tag, u32 timeout_ms, s64 *ret_result)
{
	ktime_t end = ktime_add_ms(ktime_get(), timeout_ms);
	struct kplug_pending *slot = slot_of(kdev, tag);
	int err = 0;

	while (!err) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (READ_ONCE(slot->state) == COMPLETE)
			break;
		if (signal_pending(current))
			err = -EINTR;
		else if (!schedule_hrtimeout(timeout_ms ? &end : NULL, HRTIMER_MODE_ABS))
			err = -ETIMEDOUT;
	}
	__set_current_state(TASK_RUNNING);
	return kplug_pending_end(kdev, tag, err, ret_result);
}

void kplug_pending_cancel(struct kplug_device *kdev, int err)
{
	unsigned long i;

	for_each_set_bit(i, kdev->pending_used, KPLUG_PENDING_MAX) {
		struct kplug_pending *slot = &kdev->pending[i];

		guard(raw_spinlock_irqsave)(&slot->lock);
		if (slot->state == PENDING)
			complete_locked(slot, 0, err);
	}
}
