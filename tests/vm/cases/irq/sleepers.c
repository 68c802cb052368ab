// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_IRQ_ENABLE kmod/irq/reader.c kmod/irq/irq.c kmod/node/node.c */
/* Which programs an interrupt wakes: those that have enabled its vector, and no others. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/rig.h"

static void raise_and_read(void)
{
	struct kplug_record record = {};
	size_t count;

	rig_raise(dev, 1);
	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	assert_int_equal(record.count, 1);
}

static long switches_of(pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	return rig_sum(path, "voluntary_ctxt_switches:");
}

struct sleeper {
	struct kplug_device *dev;
	_Atomic pid_t tid;
	int err;
};

static void *sleeping(void *arg)
{
	struct sleeper *s = arg;
	struct kplug_record record;
	size_t count;

	s->tid = gettid();
	s->err = kplug_irq_wait(s->dev, 20000, &record, 1, &count);
	return NULL;
}

static bool sleeps(void *arg)
{
	const struct sleeper *s = arg;
	char path[64], state = 0;
	FILE *f;

	if (!s->tid)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", s->tid);
	f = fopen(path, "r");
	if (!f)
		return false;
	(void)!fscanf(f, "%*d (%*[^)]) %c", &state);
	fclose(f);
	return state == 'S';
}

/* Others' interrupts do not wake a program: a vector costs what its own readers cost. */
static void only_its_readers_wake(void)
{
	struct sleeper s = { .dev = rig_open(at), .err = 1 };
	pthread_t thread;
	long before;
	int i;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_int_equal(pthread_create(&thread, NULL, sleeping, &s), 0);
	rig_until(sleeps, &s);
	before = switches_of(s.tid);
	for (i = 0; i < 100; i++)
		raise_and_read();
	assert_in_range(switches_of(s.tid) - before, 0, 5);
	assert_ok(kplug_irq_enable(s.dev, 0, NULL, 0)); /* while it sleeps: now it is one of them */
	rig_raise(dev, 1);
	pthread_join(thread, NULL);
	assert_ok(s.err);
	kplug_device_close(s.dev);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(only_its_readers_wake) };

	return RIG_RUN(tests, RIG_SOFT);
}
