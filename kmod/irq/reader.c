// SPDX-License-Identifier: GPL-2.0-only
/* Who is told of a vector's interrupts: sleepers, eventfds, and each open file by its own cursor. */
#include <linux/bitops.h>
#include <linux/eventfd.h>
#include <linux/rculist.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "core/compat.h"
#include "irq/vector.h"

static void wake(struct kplug_vector *v)
{
	struct kplug_subscription *s;

	rcu_read_lock();
	list_for_each_entry_rcu(s, &v->eventfds, node)
		eventfd_signal(s->eventfd);
	rcu_read_unlock();
	wake_up_interruptible(&v->kdev->readers);
}

static void count_wakeup(struct kplug_vector *v, u32 notify)
{
	lockdep_assert_held(&v->lock);
	v->now.posts++;
	v->now.notify += notify;
	if (v->armed)
		hrtimer_try_to_cancel(&v->late);
	v->armed = false;
}

static void arm(struct kplug_vector *v, u64 ns)
{
	lockdep_assert_held(&v->lock);
	v->armed = true;
	hrtimer_start(&v->late, ns_to_ktime(ns), HRTIMER_MODE_REL_SOFT);
}

void kplug_vector_post(struct kplug_vector *v, const struct kplug_frame *f, u64 now)
{
	u32 notify = f->ev.notify;
	unsigned long flags;

	raw_spin_lock_irqsave(&v->lock, flags);
	if (f->ev.hook == KPLUG_HOOK_INTERRUPT) {
		v->now.sequence++;
		v->now.held += !notify;
		v->time = f->ev.time;
		v->answered = now;
		v->deferred = 0;
		v->attachment.size = 0;
	} else {
		v->deferred = now;
	}
	if (f->attachment->size)
		v->attachment = *f->attachment;
	if (notify)
		count_wakeup(v, notify);
	else if (f->wake_after && !v->armed)
		arm(v, f->wake_after);
	raw_spin_unlock_irqrestore(&v->lock, flags);
	if (notify)
		wake(v);
}

void kplug_vector_wake(struct kplug_vector *v)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&v->lock, flags);
	count_wakeup(v, 1);
	raw_spin_unlock_irqrestore(&v->lock, flags);
	wake(v);
}

static enum hrtimer_restart late(struct hrtimer *timer)
{
	struct kplug_vector *v = container_of(timer, struct kplug_vector, late);
	unsigned long flags;
	bool due;

	/* A wake-up may have come while we began to run, and could not cancel us any more. */
	raw_spin_lock_irqsave(&v->lock, flags);
	due = v->armed;
	if (due)
		count_wakeup(v, 1);
	raw_spin_unlock_irqrestore(&v->lock, flags);
	if (due)
		wake(v);
	return HRTIMER_NORESTART;
}

void kplug_vector_init(struct kplug_vector *v, struct kplug_device *kdev, u32 index)
{
	v->kdev = kdev;
	v->index = index;
	raw_spin_lock_init(&v->lock);
	INIT_LIST_HEAD(&v->eventfds);
	kplug_hrtimer_setup(&v->late, late, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}

void kplug_vector_subscribe(struct kplug_vector *v, struct kplug_reader *reader, struct eventfd_ctx *eventfd)
{
	struct kplug_subscription *s = &reader->vector[v->index];

	raw_spin_lock_irq(&v->lock);
	s->cursor = v->now;
	raw_spin_unlock_irq(&v->lock);
	s->eventfd = eventfd;
	if (eventfd)
		list_add_rcu(&s->node, &v->eventfds);
}

void kplug_reader_unsubscribe(struct kplug_reader *reader, u32 vectors)
{
	unsigned long set = vectors;
	bool any = false;
	unsigned int i;

	for_each_set_bit(i, &set, KPLUG_VECTOR_MAX) {
		if (reader->vector[i].eventfd) {
			list_del_rcu(&reader->vector[i].node);
			any = true;
		}
	}
	if (!any)
		return;
	synchronize_rcu(); /* once: a wake-up may be on any of them */
	for_each_set_bit(i, &set, KPLUG_VECTOR_MAX) {
		if (reader->vector[i].eventfd)
			eventfd_ctx_put(reader->vector[i].eventfd);
		reader->vector[i].eventfd = NULL;
	}
}

void kplug_vector_calm(struct kplug_vector *v)
{
	hrtimer_cancel(&v->late);
	v->armed = false;
}

void kplug_vector_end(struct kplug_vector *v)
{
	struct kplug_subscription *s;

	kplug_vector_calm(v);
	list_for_each_entry(s, &v->eventfds, node)
		eventfd_signal(s->eventfd);
}

bool kplug_irq_news(struct kplug_device *kdev, const struct kplug_reader *reader)
{
	unsigned long enabled = READ_ONCE(reader->enabled);
	unsigned int i;

	if (READ_ONCE(kdev->events) != READ_ONCE(reader->events))
		return true;
	for_each_set_bit(i, &enabled, KPLUG_VECTOR_MAX)
		if (READ_ONCE(kdev->vector[i].now.posts) != READ_ONCE(reader->vector[i].cursor.posts))
			return true;
	return false;
}

static u32 ns_since(u64 later, u64 time)
{
	return later ? min_t(u64, later - time, U32_MAX) : 0;
}

static bool peek_vector(struct kplug_vector *v, const struct kplug_cursor *read, struct kplug_record *record,
			struct kplug_cursor *cursor)
{
	bool news;

	raw_spin_lock_irq(&v->lock);
	news = v->now.posts != read->posts;
	if (news) {
		*record = (struct kplug_record){
			.type = KPLUG_RECORD_IRQ,
			.vector = v->index,
			.count = v->now.sequence - read->sequence,
			.notify = v->now.notify - read->notify,
			.sequence = v->now.sequence,
			.time = v->time,
			.coalesced = v->now.held - read->held,
			.lost = v->now.posts - read->posts - 1,
			.answered = ns_since(v->answered, v->time),
			.deferred = ns_since(v->deferred, v->time),
			.flags = kplug_guard_stopped(v) ? KPLUG_RECORD_STOPPED : 0,
			.data_size = v->attachment.size,
		};
		memcpy(record->data, v->attachment.bytes, v->attachment.size);
		*cursor = v->now;
	}
	raw_spin_unlock_irq(&v->lock);
	return news;
}

static bool peek_event(struct kplug_device *kdev, const struct kplug_reader *reader, struct kplug_record *record,
		       struct kplug_cursor *cursor)
{
	bool news;

	spin_lock(&kdev->event_lock);
	news = kdev->events != reader->events;
	if (news) {
		*record = (struct kplug_record){
			.type = KPLUG_RECORD_EVENT,
			.vector = kdev->event_code,
			.count = kdev->events - reader->events,
			.time = kdev->event_time,
		};
		cursor->sequence = kdev->events;
	}
	spin_unlock(&kdev->event_lock);
	return news;
}

unsigned int kplug_irq_peek(struct kplug_device *kdev, const struct kplug_reader *reader, struct kplug_record *records,
			    struct kplug_cursor *cursors, unsigned int max)
{
	unsigned long enabled = READ_ONCE(reader->enabled);
	unsigned int i, count;

	/* Events are few; vectors take turns, or busy ones would starve the others. */
	count = peek_event(kdev, reader, records, cursors);
	for_each_set_bit_wrap(i, &enabled, KPLUG_VECTOR_MAX, reader->next) {
		if (count == max)
			break;
		count += peek_vector(&kdev->vector[i], &reader->vector[i].cursor, &records[count], &cursors[count]);
	}
	return count;
}

void kplug_irq_commit(struct kplug_reader *reader, const struct kplug_record *records,
		      const struct kplug_cursor *cursors, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (records[i].type == KPLUG_RECORD_EVENT) {
			WRITE_ONCE(reader->events, cursors[i].sequence);
		} else {
			reader->vector[records[i].vector].cursor = cursors[i];
			reader->next = (records[i].vector + 1) % KPLUG_VECTOR_MAX;
		}
	}
}
