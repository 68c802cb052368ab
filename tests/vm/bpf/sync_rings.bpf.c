// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test plugin: kplug_sync.h between the hard-IRQ hook and a program. Each interrupt moves a batch and raises the next,
 * until there is nothing to do; then the program has to trigger one, if x_wake_...() says so.
 * For cases/plugin/sync_rings.c, which runs it on the software device.
 */
#include "kplug.bpf.h"
#include "sync_rings.h"

KPLUG_PLUGIN("sync_rings", "1.0", 0x1234, 0x11e8);
KPLUG_BUFFER(struct ring_layout, buf);

#define BATCH 64
#define SOFT_RAISE_VECTOR 0xa0

static void again(struct kplug_event *ev)
{
	kplug_write32(ev, 0, SOFT_RAISE_VECTOR, 0);
}

static void send(struct kplug_event *ev)
{
	u32 i, room = msgs_room(&buf.up);
	u64 number = buf.sent;

	for (i = 0; i < BATCH && i < room && number < buf.to_send; i++) {
		struct ring_msg m = RING_MSG(number);

		*msgs_slot(&buf.up, i) = m;
		number++;
	}
	buf.sent = number;
	msgs_commit(&buf.up, i);
	if (number < buf.to_send && (i || !msgs_writer_sleeps(&buf.up)))
		again(ev);
}

static void receive(struct kplug_event *ev)
{
	u32 i, ready = msgs_ready(&buf.down);

	for (i = 0; i < BATCH && i < ready; i++) {
		const struct ring_msg *m = msgs_at(&buf.down, i);

		if (m->number != buf.received || !RING_MSG_OK(m))
			buf.bad++;
		buf.received++;
	}
	msgs_release(&buf.down, i);
	if (i || !msgs_reader_sleeps(&buf.down))
		again(ev);
}

static void push_job(struct kplug_event *ev)
{
	struct ring_msg m = RING_MSG(1ULL << 32 | buf.jobs_left);

	if (jobs_push(&buf.jobs, &m))
		buf.jobs_left--;
	else
		buf.jobs_full++;
	again(ev);
}

KPLUG_HOOK(interrupt)
{
	struct ring_msg m = RING_MSG(ev->sequence);
	u32 notify = 0;

	buf.interrupts++;
	snap_write(&buf.snap, &m);
	if (!snap_read(&buf.order, &m, 3))
		buf.orders_missed++;
	else if (!RING_MSG_OK(&m) && m.inverted)
		buf.bad++;
	else
		buf.orders_read++;
	if (buf.jobs_left)
		push_job(ev);
	else if (buf.to_send)
		send(ev);
	else
		receive(ev);
	notify += msgs_wake_reader(&buf.up);
	notify += msgs_wake_writer(&buf.down);
	buf.wakes += notify;
	kplug_answer(ev, 0, KPLUG_MINE, notify);
}

/* What each operation gives, and leaves, goes to words[]: the program knows what C11 says. */
static void atomics(void)
{
	u32 expected = 1;
	u64 before;

	atomic_store(&buf.word, 10);
	before = atomic_exchange(&buf.word, 12); /* 10 */
	before = before << 8 | atomic_fetch_add(&buf.word, 3); /* 12 */
	before = before << 8 | atomic_fetch_sub(&buf.word, 5); /* 15 */
	before = before << 8 | atomic_fetch_or(&buf.word, 0x21); /* 10 */
	before = before << 8 | atomic_fetch_and(&buf.word, 0x2a); /* 43 */
	before = before << 8 | atomic_fetch_xor(&buf.word, 0xff); /* 42 */
	before = before << 8 | atomic_load(&buf.word); /* 213 */
	atomic_store(&buf.words[0], before);
	if (!atomic_compare_exchange_strong(&buf.word, &expected, 99))
		atomic_store_explicit(&buf.words[1], expected, memory_order_release); /* 213 */
	if (atomic_compare_exchange_weak(&buf.word, &expected, 99))
		atomic_store_explicit(&buf.words[2], atomic_load_explicit(&buf.word, memory_order_acquire),
				      memory_order_relaxed); /* 99 */
	atomic_thread_fence(memory_order_seq_cst);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_fetch_add(&buf.words[3], 1); /* by all calls together */
}

KPLUG_HOOK(call)
{
	u64 number;

	if (ev->message == RING_CALL_ATOMICS) {
		atomics();
		kplug_answer(ev, 0, 0, 0);
	} else if (ev->message == RING_CALL_JOB) {
		struct ring_msg m = {};

		number = atomic_fetch_add(&buf.job_number, 1);
		m.number = number;
		m.inverted = ~number;
		m.doubled = 2 * number;
		m.squared = number * number;
		kplug_answer(ev, jobs_push(&buf.jobs, &m) ? (s64)number : -EAGAIN, 0, 0);
	}
}
