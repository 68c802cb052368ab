// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi intx */
/* kernel: one */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: hook:interrupt hook:deferred lib/wd/kp.bpf.h lib/wd/interrupt.c */
/* The porting layer: KP_IntAtIrql and KP_IntAtDpc, on a line and by messages: what each of their answers does. */
#include "bpf/wd_plain.h"
#include "lib/wd.h"

static struct wd_plain *shared;
static WD_INTERRUPT interrupt;
static struct kplug_irq_info before;

static void setup(void)
{
	wd_setup();
	shared = wd_open_plugin("wd_plain");
	memset(shared, 0, sizeof(*shared));
	shared->wakes = 1;
	BZERO(interrupt);
	interrupt.kpCall.hKernelPlugIn = wd_kp.hKernelPlugIn;
	assert_done(WD_IntEnable(wd_session, &interrupt));
	assert_ok(kplug_irq_info(dev, 0, &before));
}

static void teardown(void)
{
	assert_done(WD_IntDisable(wd_session, &interrupt));
	wd_teardown();
}

struct goal {
	const unsigned long long *counter;
	unsigned long long value;
};

static bool is(void *arg)
{
	const struct goal *goal = arg;

	return __atomic_load_n(goal->counter, __ATOMIC_ACQUIRE) >= goal->value;
}

/* Until the plugin has counted so far. */
static void until(unsigned long long *counter, uint64_t value)
{
	struct goal goal = { counter, value };

	rig_until(is, &goal);
}

static struct kplug_irq_info since(void)
{
	struct kplug_irq_info now;

	assert_ok(kplug_irq_info(dev, 0, &now));
	now.out_interrupts -= before.out_interrupts;
	now.out_unclaimed -= before.out_unclaimed;
	now.out_deferred -= before.out_deferred;
	now.out_wakeups -= before.out_wakeups;
	return now;
}

static void wait_for_wakeup(DWORD counter, DWORD lost)
{
	assert_done(WD_IntWait(wd_session, &interrupt));
	assert_int_equal(interrupt.fStopped, FALSE);
	assert_int_equal(interrupt.dwCounter, counter);
	assert_int_equal(interrupt.dwLost, lost);
}

static void true_defers(void)
{
	DWORD i;

	for (i = 1; i <= 10; i++) {
		rig_raise(dev, 1);
		wait_for_wakeup(i, 0);
		assert_int_equal(shared->claimed, i);
		assert_int_equal(shared->dpcs, i);
		assert_int_equal(shared->dpc_interrupts, i);
	}
	assert_int_equal(since().out_interrupts, 10);
	assert_int_equal(since().out_deferred, 10);
	assert_int_equal(since().out_wakeups, 10);
}

/* FALSE: no KP_IntAtDpc and no wake-up, as the next interrupt shows. */
static void false_does_not(void)
{
	shared->keep = 1;
	rig_raise(dev, 1);
	until(&shared->claimed, 1);
	shared->keep = 0;
	rig_raise(dev, 1);
	wait_for_wakeup(2, 1);
	assert_int_equal(shared->dpcs, 1);
	assert_int_equal(shared->dpc_interrupts, 1);
	assert_int_equal(since().out_interrupts, 2);
	assert_int_equal(since().out_deferred, 1);
	assert_int_equal(since().out_wakeups, 1);
}

/* Not claimed: not the device's, whatever is returned. A line stays up and asks again; a message is to be sent again. */
static void the_parameter_claims(void)
{
	shared->deny = 1;
	rig_raise(dev, 1);
	until(&shared->denied, 1);
	if (interrupt.dwEnabledIntType != INTERRUPT_INTERRUPT)
		rig_raise(dev, 1);
	wait_for_wakeup(1, 0);
	assert_int_equal(shared->denied, 1);
	assert_int_equal(shared->claimed, 1);
	assert_int_equal(shared->dpcs, 1);
	assert_true(since().out_unclaimed >= 1);
	assert_int_equal(since().out_interrupts, 1);
	assert_int_equal(since().out_deferred, 1);
}

/* Three wake-ups of one interrupt, then one; none; one. */
static void the_count_wakes(void)
{
	shared->wakes = 3;
	rig_raise(dev, 1);
	wait_for_wakeup(1, 0);
	wait_for_wakeup(1, 0);
	wait_for_wakeup(1, 0);
	shared->wakes = 1;
	rig_raise(dev, 1);
	wait_for_wakeup(2, 0);
	shared->wakes = 0;
	rig_raise(dev, 1);
	until(&shared->dpcs, 3);
	shared->wakes = 1;
	rig_raise(dev, 1);
	wait_for_wakeup(4, 1);
	assert_int_equal(shared->dpcs, 4);
}

/* Interrupts that were not waited for are gone with the enable. */
static void none_is_left_over(void)
{
	shared->wakes = 3;
	rig_raise(dev, 1);
	wait_for_wakeup(1, 0);
	assert_done(WD_IntDisable(wd_session, &interrupt));
	assert_done(WD_IntEnable(wd_session, &interrupt));
	shared->wakes = 1;
	rig_raise(dev, 1);
	wait_for_wakeup(1, 0);
	rig_raise(dev, 1);
	wait_for_wakeup(2, 0);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(true_defers),     TEST(false_does_not),	TEST(the_parameter_claims),
		TEST(the_count_wakes), TEST(none_is_left_over),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
