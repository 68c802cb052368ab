// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* quick: KPLUG_SCALE=0.2 */
/* shows: hook:interrupt hook:call bpf/kplug_sync.h */
/* timeout: 120 */
/*
 * kplug_sync.h between the hard-IRQ plugin on one CPU and a program on the other: each way, so many messages that a
 * fence too few would show. KPLUG_SCALE=20 makes it 100,000,000; it may be a fraction.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

#include "bpf/sync_rings.h"
#include "lib/rig.h"

#define MESSAGES ((uint64_t)(5000000 * scale))
#define JOBS ((uint64_t)(50000 * scale))
#define PLUGIN_CPU 0
#define PROGRAM_CPU 1

static double scale = 1;
static struct kplug_buffer *buf;
static struct ring_layout *shared;
static pthread_t kicker;
static sem_t kicks;
static atomic_bool stop;

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_ok(sched_setaffinity(0, sizeof(set), &set) ? -errno : 0);
}

/* The device delivers its interrupts where they are first raised. */
static void *kick(void *arg)
{
	(void)arg;
	run_on(PLUGIN_CPU);
	for (;;) {
		while (sem_wait(&kicks))
			;
		if (atomic_load(&stop))
			return NULL;
		if (kplug_irq_trigger(dev, 0))
			abort();
	}
}

static void setup(void)
{
	buf = rig_buffer(dev, "ring", sizeof(struct ring_layout));
	shared = kplug_buffer_ptr(buf);
	rig_load(dev, "sync_rings", "ring");
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	run_on(PROGRAM_CPU);
	atomic_store(&stop, false);
	sem_init(&kicks, 0, 0);
	assert_int_equal(pthread_create(&kicker, NULL, kick, NULL), 0);
}

static void teardown(void)
{
	atomic_store(&stop, true);
	sem_post(&kicks);
	pthread_join(kicker, NULL);
	assert_ok(kplug_irq_disable(dev, 0));
	assert_ok(kplug_plugin_unload(dev));
	kplug_buffer_free(buf);
}

/* A lost wake-up ends here. */
static void sleep_once(void)
{
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_irq_wait(dev, 60000, &record, 1, &count));
}

static void report(const char *way, uint64_t sleeps, uint64_t kicked)
{
	printf("# %s: %llu messages, %llu interrupts, the program was woken %llu times, the plugin %llu\n", way,
	       (unsigned long long)MESSAGES, (unsigned long long)shared->interrupts, (unsigned long long)shared->wakes,
	       (unsigned long long)kicked);
	assert_int_equal(shared->bad, 0);
	assert_true(shared->wakes <= sleeps); /* only a consumer that announced its sleep is woken */
}

static void plugin_to_program(void)
{
	uint64_t received = 0, sleeps = 0, kicked = 1;
	unsigned int i, ready;

	shared->to_send = MESSAGES;
	sem_post(&kicks);
	while (received < MESSAGES) {
		ready = msgs_ready(&shared->up);
		if (!ready) {
			sleeps++;
			if (msgs_reader_sleeps(&shared->up))
				sleep_once();
			continue;
		}
		for (i = 0; i < ready; i++) {
			const struct ring_msg *m = msgs_at(&shared->up, i);

			if (m->number != received || !RING_MSG_OK(m))
				fail_msg("message %llu is %llu, or torn", (unsigned long long)received,
					 (unsigned long long)m->number);
			received++;
		}
		msgs_release(&shared->up, ready);
		if (msgs_wake_writer(&shared->up)) {
			kicked++;
			sem_post(&kicks);
		}
	}
	assert_int_equal(msgs_ready(&shared->up), 0);
	assert_int_equal(shared->sent, MESSAGES);
	report("plugin to program", sleeps, kicked);
}

static bool all_received(void *arg)
{
	(void)arg;
	return *(volatile __u64 *)&shared->received == MESSAGES;
}

static void program_to_plugin(void)
{
	uint64_t sent = 0, sleeps = 0, kicked = 1;
	unsigned int i, room;

	sem_post(&kicks);
	while (sent < MESSAGES) {
		room = msgs_room(&shared->down);
		if (!room) {
			sleeps++;
			if (msgs_writer_sleeps(&shared->down))
				sleep_once();
			continue;
		}
		for (i = 0; i < room && sent < MESSAGES; i++, sent++)
			*msgs_slot(&shared->down, i) = (struct ring_msg)RING_MSG(sent);
		msgs_commit(&shared->down, i);
		if (msgs_wake_reader(&shared->down)) {
			kicked++;
			sem_post(&kicks);
		}
	}
	rig_until(all_received, NULL);
	report("program to plugin", sleeps, kicked);
}

/* While interrupts rain: whole snapshots both ways. */
static void snapshots(void)
{
	struct ring_msg m, order;
	uint64_t i, last = 0, changes = 0;

	shared->jobs_left = 1; /* keeps the plugin at it: no room is made */
	for (i = 0; i < 256; i++) {
		m = (struct ring_msg)RING_MSG(i);
		assert_true(jobs_push(&shared->jobs, &m));
	}
	sem_post(&kicks);
	for (i = 0; changes < JOBS / 10; i++) {
		order = (struct ring_msg)RING_MSG(i);
		snap_write(&shared->order, &order);
		if (!snap_read(&shared->snap, &m, 1000) || (!m.number && !m.inverted))
			continue;
		assert_true(RING_MSG_OK(&m));
		assert_true(m.number >= last);
		changes += m.number != last;
		last = m.number;
	}
	while (*(volatile __u64 *)&shared->jobs_left)
		jobs_pop(&shared->jobs, &m);
	printf("# %llu snapshots read, %llu different; the plugin read %llu, and met a write %llu times\n",
	       (unsigned long long)i, (unsigned long long)changes, (unsigned long long)shared->orders_read,
	       (unsigned long long)shared->orders_missed);
	assert_int_equal(shared->bad, 0);
	assert_true(shared->orders_read > 0);
}

static void *caller(void *arg)
{
	uint64_t done = 0;
	int64_t result;

	(void)arg;
	run_on(PLUGIN_CPU);
	while (done < JOBS) {
		if (kplug_call(dev, RING_CALL_JOB, NULL, 0, &result))
			return (void *)1;
		if (result >= 0)
			done++;
		else
			sched_yield();
	}
	return NULL;
}

/* Two writers, of which one interrupts the other in the middle. */
static void queue_of_two_hooks(void)
{
	uint64_t called = 0, interrupted = 0, next = 0;
	pthread_t thread;
	struct ring_msg m;
	void *failed;

	shared->jobs_left = JOBS;
	assert_int_equal(pthread_create(&thread, NULL, caller, NULL), 0);
	sem_post(&kicks);
	while (called + interrupted < 2 * JOBS) {
		if (!jobs_pop(&shared->jobs, &m)) {
			sched_yield();
			continue;
		}
		assert_true(RING_MSG_OK(&m));
		if (m.number >> 32) {
			assert_int_equal((uint32_t)m.number, JOBS - interrupted);
			interrupted++;
		} else {
			assert_true(m.number >= next);
			next = m.number + 1;
			called++;
		}
	}
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_int_equal(called, JOBS);
	assert_int_equal(interrupted, JOBS);
	assert_false(jobs_pop(&shared->jobs, &m));
	printf("# queue: %llu jobs, full %llu times for the interrupt\n", 2 * (unsigned long long)JOBS,
	       (unsigned long long)shared->jobs_full);
}

#define ADDS 20000

static void *adder(void *arg)
{
	int i;

	run_on(arg ? PLUGIN_CPU : PROGRAM_CPU);
	for (i = 0; i < ADDS; i++) {
		atomic_fetch_add(&shared->words[3], 1);
		if (kplug_call(dev, RING_CALL_ATOMICS, NULL, 0, NULL))
			return (void *)1;
	}
	return NULL;
}

static void atomics(void)
{
	pthread_t thread[2];
	void *failed;
	int i;

	assert_ok(kplug_call(dev, RING_CALL_ATOMICS, NULL, 0, NULL));
	assert_int_equal(atomic_load(&shared->words[0]), 0x0a0c0f0a2b2ad5);
	assert_int_equal(atomic_load(&shared->words[1]), 213);
	assert_int_equal(atomic_load(&shared->words[2]), 99);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, adder, i ? dev : NULL), 0);
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(atomic_load(&shared->words[3]), 1 + 4 * ADDS);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(plugin_to_program),  TEST(program_to_plugin), TEST(snapshots),
		TEST(queue_of_two_hooks), TEST(atomics),
	};
	const char *text = getenv("KPLUG_SCALE");

	if (text && atof(text) > 0)
		scale = atof(text);
	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
