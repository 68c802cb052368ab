// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi rt */
/* kernel: one */
/* shows: KPLUG_IRQ_RESUME KPLUG_IRQ_INFO KPLUG_IRQ_UNMASK hook:interrupt hook:deferred kmod/irq/watchdog.c */
/* kmsg: vector 0 is stopped */
/* The watchdog of message-signalled vectors: time budget and deferrals; what a stopped vector does; resuming it. */
#include <unistd.h>

#include "bpf/irq_modes.h"
#include "lib/rig.h"

static void setup(void)
{
	rig_load(dev, "irq_modes", NULL);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	(void)kplug_irq_resume(dev, 0); /* after a test that failed */
}

static void teardown(void)
{
	assert_ok(kplug_plugin_unload(dev));
}

static void behave(uint32_t mode)
{
	assert_ok(kplug_call(dev, mode, NULL, 0, NULL));
}

static struct kplug_irq_info look(void)
{
	struct kplug_irq_info info = {};

	assert_ok(kplug_irq_info(dev, 0, &info));
	return info;
}

static bool is_stopped(void *arg)
{
	(void)arg;
	return look().out_stopped;
}

static struct kplug_record wait_one(void)
{
	struct kplug_record record = {};
	size_t count;

	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	return record;
}

static void nothing_to_read(void)
{
	struct kplug_record record;
	size_t count;

	assert_errno(ETIMEDOUT, kplug_irq_wait(dev, 0, &record, 1, &count));
}

/* Both that were wrong before and that come while it is stopped. */
static void drain(void)
{
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_ACK, 4, UINT32_MAX));
	while (!kplug_irq_wait(dev, 200, &record, 1, &count))
		;
}

static void within_budget(void)
{
	struct kplug_irq_info info;
	int i;

	for (i = 0; i < 100; i++) {
		rig_raise(dev, 1);
		assert_int_equal(wait_one().flags, 0);
	}
	info = look();
	assert_int_equal(info.out_stopped, KPLUG_STOP_NONE);
	assert_int_equal(info.out_users, 1);
	assert_true(info.out_irq > 0);
	assert_true(info.out_longest > 0);
	assert_errno(EALREADY, kplug_irq_resume(dev, 0));
}

/* One long run is forgiven; several are not. */
static void over_budget(void)
{
	struct kplug_record r;
	uint64_t longest;
	int runs;

	behave(IRQ_MODE_SLOW);
	for (runs = 1; runs < 10; runs++) {
		rig_raise(dev, 1);
		r = wait_one();
		if (r.flags & KPLUG_RECORD_STOPPED)
			break;
	}
	assert_in_range(runs, 2, 5);
	assert_int_equal(look().out_stopped, KPLUG_STOP_SLOW);
	longest = look().out_longest;
	assert_true(longest >= 30000000);
	assert_true(r.answered >= 30000000);

	behave(IRQ_MODE_GOOD);
	drain();
	rig_raise(dev, 1);
	usleep(50000);
	nothing_to_read();
	assert_errno(EBUSY, kplug_irq_unmask(dev, 0));

	/* Nor does enabling anew help. */
	assert_ok(kplug_irq_disable(dev, 0));
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	rig_raise(dev, 2);
	usleep(50000);
	nothing_to_read();

	assert_ok(kplug_irq_resume(dev, 0));
	assert_int_equal(look().out_stopped, KPLUG_STOP_NONE);
	drain();
	rig_raise(dev, 1);
	assert_int_equal(wait_one().flags, 0);
	/* Since the resume; how short a good run is depends on the host. */
	assert_in_range(look().out_longest, 1, longest - 1);
}

/* So many runs, of which none stops the vector. */
static void runs(uint32_t mode, int count)
{
	behave(mode);
	for (; count; count--) {
		rig_raise(dev, 1);
		assert_int_equal(wait_one().flags, 0);
	}
}

/* As many as stop it if they come in a row, but most of them long ago. */
static void slow_runs_are_forgiven(void)
{
	runs(IRQ_MODE_GOOD, 64); /* whatever was before */
	runs(IRQ_MODE_SLOW, 2);
	runs(IRQ_MODE_GOOD, 64);
	runs(IRQ_MODE_SLOW, 2);
	assert_int_equal(look().out_stopped, KPLUG_STOP_NONE);
}

/* One good run makes up for a small part of a slow one. */
static void every_other_run_over_budget(void)
{
	int slow;

	runs(IRQ_MODE_GOOD, 64);
	for (slow = 1; slow < 10; slow++) {
		behave(IRQ_MODE_SLOW);
		rig_raise(dev, 1);
		if (wait_one().flags & KPLUG_RECORD_STOPPED)
			break;
		runs(IRQ_MODE_GOOD, 1);
	}
	assert_in_range(slow, 3, 6);
	behave(IRQ_MODE_GOOD);
	assert_ok(kplug_irq_resume(dev, 0));
	drain();
}

static void deferred_without_progress(void)
{
	uint64_t handled;

	if (!at->soft)
		skip(); /* the plugin makes the software device raise */
	behave(IRQ_MODE_DEFER);
	assert_ok(kplug_irq_trigger(dev, 0));
	rig_until(is_stopped, NULL);
	behave(IRQ_MODE_END);
	assert_int_equal(look().out_stopped, KPLUG_STOP_DEFERRED);
	assert_true(look().out_deferred >= 10000);
	usleep(100000); /* the one that was stopped in is counted last */
	handled = look().out_interrupts;
	usleep(100000);
	assert_int_equal(look().out_interrupts, handled);
	assert_true(wait_one().flags & KPLUG_RECORD_STOPPED);

	behave(IRQ_MODE_GOOD);
	assert_ok(kplug_irq_resume(dev, 0));
	drain();
	rig_raise(dev, 1);
	assert_int_equal(wait_one().flags, 0);
}

/* Removing a stopped device, and reading of one that has no such vector. */
static void bad_vectors(void)
{
	struct kplug_irq_info info;

	assert_errno(ERANGE, kplug_irq_info(dev, KPLUG_VECTOR_MAX, &info));
	assert_errno(ERANGE, kplug_irq_resume(dev, KPLUG_VECTOR_MAX));
}

/* The last: the device goes while it is stopped. */
static void left_stopped(void)
{
	behave(IRQ_MODE_SLOW);
	while (!is_stopped(NULL)) {
		rig_raise(dev, 1);
		wait_one();
	}
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(within_budget),
		TEST(over_budget),
		TEST(slow_runs_are_forgiven),
		TEST(every_other_run_over_budget),
		TEST(deferred_without_progress),
		TEST(bad_vectors),
		TEST(left_stopped),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
