// SPDX-License-Identifier: GPL-2.0-only
/* Wakes the readers of a vector (sleepers, eventfds), and keeps what each open file has read, by its cursor. */
#include <linux/bitmap.h>
#include <linux/eventfd.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "core/compat.h"
#include "irq/vector.h"

static void vector_wake(struct kplug_subscription *s)
{
	struct eventfd_ctx *eventfd = READ_ONCE(s->eventfd);

	if (eventfd)
		eventfd_signal(eventfd);
	wake_up_interruptible(s->wait);
}

void kplug_vector_signal(struct kplug_vector *v)
{
	struct kplug_subscription *s;

	guard(rcu)();
	list_for_each_entry_rcu(s, &v->readers, node)
		vector_wake(s);
}

static void vector_count_wakeup(struct kplug_vector *v, u32 notify)
{
	lockdep_assert_held(&v->lock);
	v->stats.posts++;
	v->stats.notify += notify;
	if (v->armed)
		hrtimer_try_to_cancel(&v->wake_timer);
	v->armed = false;
}

void kplug_vector_post(struct kplug_vector *v, const struct kplug_hook_ctx *f, u64 now)
{
	u32 since = min_t(u64, now - f->ev.time, U32_MAX), notify = f->ev.notify;

	scoped_guard(raw_spinlock_irqsave, &v->lock) {
		if (f->ev.hook == KPLUG_HOOK_INTERRUPT) {
			v->stats.sequence++;
			v->stats.coalesced += !notify;
			v->record.time = f->ev.time;
			v->record.answered = since;
			v->record.deferred = 0;
			v->record.data_size = 0;
		} else if (f->ev.sequence == v->stats.sequence) {
			v->record.deferred = since; /* else an interrupt has come that it does not know of */
		}
		if (f->attached && f->ev.sequence == v->stats.sequence) {
			v->record.data_size = f->attached;
			memcpy(v->record.data, f->attachment, f->attached);
		}
		if (notify) {
			vector_count_wakeup(v, notify);
		} else if (f->wake_after && !v->armed) {
			v->armed = true;
			hrtimer_start(&v->wake_timer, ns_to_ktime(f->wake_after), HRTIMER_MODE_REL_SOFT);
		}
	}
	if (notify)
		kplug_vector_signal(v);
}

void kplug_vector_wake(struct kplug_vector *v)
{
	scoped_guard(raw_spinlock_irqsave, &v->lock)
		vector_count_wakeup(v, 1);
	kplug_vector_signal(v);
}

static enum hrtimer_restart wake_timer_fired(struct hrtimer *timer)
{
	struct kplug_vector *v = container_of(timer, struct kplug_vector, wake_timer);

	/* A wake-up that came after this function began could not cancel the timer: `armed` tells. */
	scoped_guard(raw_spinlock_irqsave, &v->lock) {
		if (!v->armed)
			return HRTIMER_NORESTART;
		vector_count_wakeup(v, 1);
	}
	kplug_vector_signal(v);
	return HRTIMER_NORESTART;
}

void kplug_vector_init(struct kplug_vector *v, struct kplug_device *kdev, u32 index)
{
	v->kdev = kdev;
	v->index = index;
	v->irq = kdev->desc.ops->irq(kdev, index);
	v->record.type = KPLUG_RECORD_IRQ;
	v->record.vector = index;
	raw_spin_lock_init(&v->lock);
	INIT_LIST_HEAD(&v->readers);
	hrtimer_setup(&v->wake_timer, wake_timer_fired, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}

void kplug_vector_subscribe(struct kplug_vector *v, struct kplug_reader *reader, struct eventfd_ctx *eventfd)
{
	struct kplug_subscription *s = &reader->vector[v->index];
	bool missed;

	lockdep_assert_held(&v->kdev->irq_lock);
	scoped_guard(raw_spinlock_irq, &v->lock)
		s->cursor = v->stats;
	s->wait = &reader->wait;
	WRITE_ONCE(s->eventfd, eventfd);
	set_bit(v->index, reader->enabled);
	list_add_rcu(&s->node, &v->readers);
	/* A wake-up since the first hold of the lock may have missed us; a later one finds us. */
	scoped_guard(raw_spinlock_irq, &v->lock)
		missed = v->stats.posts != s->cursor.posts;
	if (missed)
		vector_wake(s);
}

void kplug_vector_unsubscribe(struct kplug_vector *v, struct kplug_reader *reader)
{
	lockdep_assert_held(&v->kdev->irq_lock);
	clear_bit(v->index, reader->enabled);
	list_del_rcu(&reader->vector[v->index].node);
}

void kplug_vector_cancel_wake(struct kplug_vector *v)
{
	hrtimer_cancel(&v->wake_timer);
	v->armed = false;
}

int kplug_reader_init(struct kplug_device *kdev, struct kplug_reader *reader)
{
	reader->enabled = bitmap_zalloc(kdev->desc.vectors, GFP_KERNEL_ACCOUNT);
	reader->vector = kvcalloc(kdev->desc.vectors, sizeof(*reader->vector), GFP_KERNEL_ACCOUNT);
	reader->events = READ_ONCE(kdev->events);
	init_waitqueue_head(&reader->wait);
	return reader->enabled && reader->vector ? 0 : -ENOMEM;
}

void kplug_reader_free(struct kplug_reader *reader)
{
	bitmap_free(reader->enabled);
	kvfree(reader->vector);
}

bool kplug_irq_has_records(struct kplug_device *kdev, const struct kplug_reader *reader)
{
	unsigned int i;

	if (READ_ONCE(kdev->events) != READ_ONCE(reader->events))
		return true;
	for_each_set_bit(i, reader->enabled, kdev->desc.vectors)
		if (READ_ONCE(kdev->vector[i].stats.posts) != READ_ONCE(reader->vector[i].cursor.posts))
			return true;
	return false;
}

static bool reader_peek_vector(struct kplug_vector *v, struct kplug_reader *reader, struct kplug_record *record)
{
	const struct kplug_cursor *read = &reader->vector[v->index].cursor;

	guard(raw_spinlock_irq)(&v->lock);
	if (v->stats.posts == read->posts)
		return false;
	*record = v->record;
	memset(record->data + record->data_size, 0, sizeof(record->data) - record->data_size);
	record->count = v->stats.sequence - read->sequence;
	record->notify = v->stats.notify - read->notify;
	record->sequence = v->stats.sequence;
	record->coalesced = v->stats.coalesced - read->coalesced;
	record->lost = v->stats.posts - read->posts - 1;
	record->flags = kplug_watchdog_stopped(v) ? KPLUG_RECORD_STOPPED : 0;
	reader->peeked = v->stats;
	return true;
}

static bool reader_peek_event(struct kplug_device *kdev, const struct kplug_reader *reader, struct kplug_record *record)
{
	guard(spinlock)(&kdev->event_lock);
	if (kdev->events == reader->events)
		return false;
	*record = (struct kplug_record){
		.type = KPLUG_RECORD_EVENT,
		.vector = kdev->event_code,
		.count = kdev->events - reader->events,
		.time = kdev->event_time,
	};
	return true;
}

bool kplug_irq_peek(struct kplug_device *kdev, struct kplug_reader *reader, struct kplug_record *record)
{
	unsigned int i;

	/* Events are few. Vectors take turns, or busy ones would starve the others. */
	if (reader_peek_event(kdev, reader, record))
		return true;
	for_each_set_bit_wrap(i, reader->enabled, kdev->desc.vectors, reader->next)
		if (reader_peek_vector(&kdev->vector[i], reader, record))
			return true;
	return false;
}

void kplug_irq_commit(struct kplug_reader *reader, const struct kplug_record *record)
{
	if (record->type == KPLUG_RECORD_EVENT) {
		WRITE_ONCE(reader->events, reader->events + record->count);
	} else {
		reader->vector[record->vector].cursor = reader->peeked;
		reader->next = record->vector + 1; /* past the last: for_each_set_bit_wrap() wraps */
	}
}
