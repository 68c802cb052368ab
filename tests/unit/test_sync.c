// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* bpf/kplug_sync.h between threads of a program. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../bpf/kplug_sync.h"

struct msg {
	uint64_t number, check;
};
KPLUG_RING(ring, struct msg, 8);
KPLUG_RING(one, uint8_t, 1);
KPLUG_SEQLOCK(snap, struct msg);
KPLUG_QUEUE(queue, struct msg, 16);

static void *zeros(size_t bytes)
{
	void *mem = aligned_alloc(64, (bytes + 63) & ~(size_t)63);

	assert_non_null(mem);
	return memset(mem, 0, bytes);
}
#define ZEROS(type) ((type *)zeros(sizeof(type)))

static struct msg message(uint64_t number)
{
	return (struct msg){ number, ~number };
}

/* Threads have no cmocka: they end the program. */
#define NEED(condition) ((condition) ? (void)0 : abort())

static void ring_is_a_fifo(void **state)
{
	struct ring *r = ZEROS(struct ring);
	struct msg m = { 0 };
	uint64_t i, n;

	(void)state;
	for (n = 0; n < 100; n++) {
		assert_int_equal(ring_ready(r), 0);
		assert_int_equal(ring_room(r), 8);
		assert_false(ring_pop(r, &m));
		for (i = 0; i < 8; i++) {
			m = message(8 * n + i);
			assert_true(ring_push(r, &m));
		}
		assert_false(ring_push(r, &m));
		assert_int_equal(ring_ready(r), 8);
		assert_int_equal(ring_room(r), 0);
		for (i = 0; i < 8; i++) {
			assert_true(ring_pop(r, &m));
			assert_int_equal(m.number, 8 * n + i);
		}
	}
	free(r);
}

/* Nothing is seen before the commit; then all at once. */
static void ring_in_batches(void **state)
{
	struct ring *r = ZEROS(struct ring);
	unsigned int i;

	(void)state;
	atomic_store(&r->tail, UINT32_MAX - 2); /* indexes wrap */
	atomic_store(&r->head, UINT32_MAX - 2);
	for (i = 0; i < 5; i++)
		*ring_slot(r, i) = message(i);
	assert_int_equal(ring_ready(r), 0);
	ring_commit(r, 5);
	assert_int_equal(ring_ready(r), 5);
	assert_int_equal(ring_room(r), 3);
	for (i = 0; i < 5; i++)
		assert_int_equal(ring_at(r, i)->number, i);
	ring_release(r, 2);
	assert_int_equal(ring_at(r, 0)->number, 2);
	assert_int_equal(ring_room(r), 5);
	ring_release(r, 3);
	assert_int_equal(ring_ready(r), 0);
	free(r);
}

static void ring_of_one(void **state)
{
	struct one *r = ZEROS(struct one);
	uint8_t value = 7;

	(void)state;
	assert_true(one_push(r, &value));
	assert_false(one_push(r, &value));
	value = 0;
	assert_true(one_pop(r, &value));
	assert_int_equal(value, 7);
	assert_false(one_pop(r, &value));
	free(r);
}

/* The other side may write what it wants: no index leaves the ring, no count is more than there are slots. */
static void ring_with_bad_indexes(void **state)
{
	struct ring *r = ZEROS(struct ring);
	const uint32_t bad[] = { 9, 1000, UINT32_MAX, 0x80000000 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		atomic_store(&r->tail, bad[i]);
		assert_int_equal(ring_ready(r), 0);
		assert_int_equal(ring_room(r), 0);
		assert_in_range((uintptr_t)ring_slot(r, bad[i]), (uintptr_t)&r->slots[0], (uintptr_t)&r->slots[7]);
		assert_in_range((uintptr_t)ring_at(r, bad[i]), (uintptr_t)&r->slots[0], (uintptr_t)&r->slots[7]);
	}
	free(r);
}

static void only_sleepers_are_woken(void **state)
{
	struct ring *r = ZEROS(struct ring);
	struct msg m = message(1);

	(void)state;
	assert_false(ring_wake_reader(r));
	assert_true(ring_reader_sleeps(r));
	ring_push(r, &m);
	assert_true(ring_wake_reader(r));
	assert_false(ring_wake_reader(r)); /* once per sleep */
	assert_false(ring_reader_sleeps(r)); /* there is something: no sleep */

	assert_false(ring_wake_writer(r));
	assert_false(ring_writer_sleeps(r));
	assert_true(ring_wake_writer(r));
	while (ring_push(r, &m))
		;
	assert_true(ring_writer_sleeps(r));
	ring_pop(r, &m);
	assert_true(ring_wake_writer(r));
	assert_false(ring_wake_writer(r));
	free(r);
}

#define MESSAGES 300000

struct threads {
	struct ring *ring;
	struct snap *snap;
	struct queue *queue;
	sem_t reader, writer; /* where they sleep */
	atomic_uint writers, readers, popped;
	atomic_bool stop;
	unsigned char seen[4][MESSAGES];
};

static void *ring_writer(void *arg)
{
	struct threads *t = arg;
	uint64_t sent = 0;
	unsigned int room, i;

	while (sent < MESSAGES) {
		room = ring_room(t->ring);
		if (!room) {
			if (ring_writer_sleeps(t->ring))
				sem_wait(&t->writer);
			continue;
		}
		if (room > MESSAGES - sent)
			room = MESSAGES - sent;
		for (i = 0; i < room; i++)
			*ring_slot(t->ring, i) = message(sent++);
		ring_commit(t->ring, room);
		if (ring_wake_reader(t->ring))
			sem_post(&t->reader);
	}
	return NULL;
}

/* Both sides sleep whenever they can: a lost wake-up would hang. */
static void ring_between_threads(void **state)
{
	struct threads *t = ZEROS(struct threads);
	struct msg m = { 0 };
	uint64_t received = 0;
	pthread_t thread;

	(void)state;
	t->ring = ZEROS(struct ring);
	sem_init(&t->reader, 0, 0);
	sem_init(&t->writer, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, ring_writer, t), 0);
	while (received < MESSAGES) {
		if (!ring_pop(t->ring, &m)) {
			if (ring_reader_sleeps(t->ring))
				sem_wait(&t->reader);
			continue;
		}
		assert_int_equal(m.number, received);
		assert_int_equal(m.check, ~received);
		received++;
		if (ring_wake_writer(t->ring))
			sem_post(&t->writer);
	}
	pthread_join(thread, NULL);
	assert_int_equal(ring_ready(t->ring), 0);
	free(t->ring);
	free(t);
}

static void snapshot_is_what_was_written(void **state)
{
	struct snap *s = ZEROS(struct snap);
	struct msg m = message(5), got = { 1, 1 };

	(void)state;
	assert_true(snap_read(s, &got, 1));
	assert_int_equal(got.number | got.check, 0);
	snap_write(s, &m);
	assert_true(snap_read(s, &got, 1));
	assert_memory_equal(&got, &m, sizeof(m));

	atomic_fetch_add(&s->sequence, 1); /* a writer is in the middle, or has died there */
	assert_false(snap_read(s, &got, 100));
	m = message(6);
	snap_write(s, &m);
	assert_true(snap_read(s, &got, 1));
	assert_memory_equal(&got, &m, sizeof(m));
	free(s);
}

static void *snap_reader(void *arg)
{
	struct threads *t = arg;
	uint64_t last = 0;
	struct msg m;

	while (!atomic_load(&t->stop)) {
		if (!snap_read(t->snap, &m, 1000))
			continue;
		NEED(m.check == ~m.number);
		NEED(m.number >= last);
		last = m.number;
	}
	return NULL;
}

static void snapshots_between_threads(void **state)
{
	struct threads *t = ZEROS(struct threads);
	struct msg m = message(0);
	pthread_t thread[2];
	uint64_t i;

	(void)state;
	t->snap = ZEROS(struct snap);
	snap_write(t->snap, &m);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, snap_reader, t), 0);
	for (i = 1; i < MESSAGES; i++) {
		m = message(i);
		snap_write(t->snap, &m);
	}
	atomic_store(&t->stop, true);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	free(t->snap);
	free(t);
}

static void queue_is_a_fifo(void **state)
{
	struct queue *q = ZEROS(struct queue);
	struct msg m = { 0 };
	uint64_t i, n;

	(void)state;
	assert_false(queue_pop(q, &m));
	for (n = 0; n < 100; n++) {
		for (i = 0; i < 16; i++) {
			m = message(16 * n + i);
			assert_true(queue_push(q, &m));
		}
		assert_false(queue_push(q, &m));
		for (i = 0; i < 16; i++) {
			assert_true(queue_pop(q, &m));
			assert_int_equal(m.number, 16 * n + i);
		}
		assert_false(queue_pop(q, &m));
		m = message(n); /* so that laps do not begin at the same place */
		assert_true(queue_push(q, &m));
		assert_true(queue_pop(q, &m));
		assert_int_equal(m.number, n);
	}
	free(q);
}

/* A writer that dies between its two halves costs a slot, no more. */
static void queue_with_a_dead_writer(void **state)
{
	struct queue *q = ZEROS(struct queue);
	struct msg m = message(1);
	int i, n;

	(void)state;
	assert_true(kplug_take(&q->free, q->free_entries, 16, 0) < 16);
	for (n = 0; n < 3; n++) {
		for (i = 0; i < 15; i++)
			assert_true(queue_push(q, &m));
		assert_false(queue_push(q, &m));
		for (i = 0; i < 15; i++)
			assert_true(queue_pop(q, &m));
		assert_false(queue_pop(q, &m));
	}
	free(q);
}

static void queue_with_bad_numbers(void **state)
{
	struct queue *q = ZEROS(struct queue);
	struct msg m = message(1);
	int i;

	(void)state;
	for (i = 0; i < 16; i++) {
		atomic_store(&q->free_entries[i], 0x00000000ffffff00ULL);
		atomic_store(&q->full_entries[i], 0x00000001fffffff0ULL);
	}
	atomic_store(&q->full.tail, 16);
	for (i = 0; i < 16; i++)
		assert_true(queue_pop(q, &m)); /* ASan sees an access outside */
	free(q);
}

static void *queue_writer(void *arg)
{
	struct threads *t = arg;
	unsigned int me = atomic_fetch_add(&t->writers, 1);
	uint64_t i;
	struct msg m;

	for (i = 0; i < MESSAGES / 4; i++) {
		m = message((uint64_t)me << 32 | i);
		while (!queue_push(t->queue, &m))
			sched_yield();
	}
	return NULL;
}

static void *queue_reader(void *arg)
{
	uint64_t next[4] = { 0 };
	struct threads *t = arg;
	struct msg m;

	while (atomic_load(&t->popped) < MESSAGES / 4 * 4) {
		if (!queue_pop(t->queue, &m)) {
			sched_yield();
			continue;
		}
		atomic_fetch_add(&t->popped, 1);
		NEED(m.check == ~m.number && m.number >> 32 < 4 && (uint32_t)m.number < MESSAGES / 4);
		NEED((uint32_t)m.number >= next[m.number >> 32]);
		next[m.number >> 32] = (uint32_t)m.number + 1;
		NEED(!t->seen[m.number >> 32][(uint32_t)m.number]++);
	}
	return NULL;
}

static void queue_between_threads(void **state)
{
	struct threads *t = ZEROS(struct threads);
	pthread_t thread[6];
	int i;

	(void)state;
	t->queue = ZEROS(struct queue);
	for (i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, i < 4 ? queue_writer : queue_reader, t), 0);
	for (i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(atomic_load(&t->popped), MESSAGES);
	free(t->queue);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_is_a_fifo),
		cmocka_unit_test(ring_in_batches),
		cmocka_unit_test(ring_of_one),
		cmocka_unit_test(ring_with_bad_indexes),
		cmocka_unit_test(only_sleepers_are_woken),
		cmocka_unit_test(ring_between_threads),
		cmocka_unit_test(snapshot_is_what_was_written),
		cmocka_unit_test(snapshots_between_threads),
		cmocka_unit_test(queue_is_a_fifo),
		cmocka_unit_test(queue_with_a_dead_writer),
		cmocka_unit_test(queue_with_bad_numbers),
		cmocka_unit_test(queue_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
