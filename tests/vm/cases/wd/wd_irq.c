// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi intx */
/* kernel: one */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: lib/wd/interrupt.c */
/* The porting layer: interrupts, waited for and handed to a thread's function. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "bpf/wd_calls.h"
#include "lib/wd.h"

static void interrupts(void)
{
	struct wd_calls *shared = wd_open_plugin("wd_calls");
	WD_INTERRUPT interrupt = { .kpCall = { .hKernelPlugIn = wd_kp.hKernelPlugIn } };
	DWORD i;

	assert_done(WD_IntEnable(wd_session, &interrupt));
	assert_int_equal(interrupt.fEnableOk, TRUE);
	assert_int_equal(shared->enables, 1);
	for (i = 1; i <= 10; i++) {
		rig_raise(dev, 1);
		assert_done(WD_IntWait(wd_session, &interrupt));
		assert_int_equal(interrupt.dwCounter, i);
		assert_int_equal(interrupt.dwLost, 0);
		assert_int_equal(interrupt.fStopped, FALSE);
	}
	interrupt.dwCounter = 0;
	assert_done(WD_IntCount(wd_session, &interrupt));
	assert_int_equal(interrupt.dwCounter, 10);
	if (interrupt.dwEnabledIntType == INTERRUPT_INTERRUPT)
		assert_int_equal(shared->irqls + shared->dpcs, 20);
	else
		assert_int_equal(shared->irqls_msi + shared->dpcs_msi, 20);
	assert_done(WD_IntDisable(wd_session, &interrupt));
	assert_int_equal(shared->disables, 1);
}

static void bad_interrupts(void)
{
	struct wd_calls *shared = wd_open_plugin("wd_calls");
	WD_INTERRUPT interrupt = { 0 }, second = { 0 };

	assert_status(WD_INVALID_PARAMETER, WD_IntEnable(wd_session, NULL));
	assert_status(WD_INVALID_HANDLE, WD_IntEnable(NULL, &interrupt));
	assert_status(WD_INTERRUPT_NOT_ENABLED, WD_IntWait(wd_session, &interrupt));
	assert_status(WD_INTERRUPT_NOT_ENABLED, WD_IntCount(wd_session, &interrupt));
	assert_status(WD_INTERRUPT_NOT_ENABLED, WD_IntDisable(wd_session, &interrupt));
	interrupt.dwOptions = 0x100;
	assert_status(WD_INVALID_PARAMETER, WD_IntEnable(wd_session, &interrupt));
	interrupt.dwOptions = INTERRUPT_LEVEL_SENSITIVE;
	interrupt.kpCall.hKernelPlugIn = wd_kp.hKernelPlugIn + 1000;
	assert_status(WD_INVALID_HANDLE, WD_IntEnable(wd_session, &interrupt));
	interrupt.kpCall.hKernelPlugIn = wd_kp.hKernelPlugIn;
	interrupt.kpCall.dwMessage = WD_CALLS_REFUSE;
	assert_status(WD_FAILED_ENABLING_INTERRUPT, WD_IntEnable(wd_session, &interrupt));
	assert_int_equal(interrupt.fEnableOk, FALSE);
	assert_int_equal(shared->enables, 1);
	interrupt.kpCall.dwMessage = 0;
	assert_done(WD_IntEnable(wd_session, &interrupt));
	assert_status(WD_OPERATION_ALREADY_DONE, WD_IntEnable(wd_session, &second));
	assert_status(WD_INVALID_PARAMETER, WD_IntWait(wd_session, NULL));
	assert_status(WD_INVALID_PARAMETER, WD_IntCount(wd_session, NULL));
	assert_status(WD_INVALID_PARAMETER, WD_IntDisable(wd_session, NULL));
	assert_status(WD_INVALID_HANDLE, WD_IntWait(NULL, &interrupt));
	assert_status(WD_INTERRUPT_NOT_ENABLED, WD_IntDisable(wd_session, &second));
	assert_done(WD_IntDisable(wd_session, &interrupt));
	assert_status(WD_INTERRUPT_NOT_ENABLED, WD_IntDisable(wd_session, &interrupt)); /* twice */
}

static atomic_int handled;

static void handler(PVOID pData)
{
	atomic_fetch_add((atomic_int *)pData, 1);
}

static bool handled_is(void *arg)
{
	return atomic_load(&handled) >= *(int *)arg;
}

static bool six_are_deferred(void *arg)
{
	const volatile struct wd_calls *shared = arg;

	return shared->dpcs + shared->dpcs_msi == 6;
}

static void interrupt_thread(void)
{
	struct wd_calls *shared = wd_open_plugin("wd_calls");
	WD_INTERRUPT interrupt = { .kpCall = { .hKernelPlugIn = wd_kp.hKernelPlugIn } };
	HANDLE thread = NULL;
	int i;

	atomic_store(&handled, 0);
	assert_status(WD_INVALID_PARAMETER, InterruptEnable(NULL, wd_session, &interrupt, handler, &handled));
	assert_status(WD_INVALID_PARAMETER, InterruptEnable(&thread, wd_session, NULL, handler, &handled));
	assert_status(WD_INVALID_PARAMETER, InterruptEnable(&thread, wd_session, &interrupt, NULL, &handled));
	assert_status(WD_INVALID_HANDLE, InterruptEnable(&thread, NULL, &interrupt, handler, &handled));
	assert_done(InterruptEnable(&thread, wd_session, &interrupt, handler, &handled));
	for (i = 1; i <= 5; i++) {
		rig_raise(dev, 1);
		rig_until(handled_is, &i);
	}
	shared->silent = 1;
	rig_raise(dev, 1);
	rig_until(six_are_deferred, shared);
	shared->silent = 0;
	rig_raise(dev, 1);
	i = 6;
	rig_until(handled_is, &i);
	assert_done(InterruptDisable(thread));
	assert_int_equal(atomic_load(&handled), 6); /* of 7: for one the plugin asked for no wake-up */
	assert_status(WD_INVALID_HANDLE, InterruptDisable(thread));
	assert_status(WD_INVALID_HANDLE, InterruptDisable(NULL));
}

static void *waiter(void *arg)
{
	WD_INTERRUPT interrupt = *(WD_INTERRUPT *)arg;

	return WD_IntWait(wd_session, &interrupt) == WD_STATUS_SUCCESS && interrupt.fStopped ? NULL : arg;
}

static void stopped_while_waiting(void)
{
	WD_INTERRUPT interrupt = { 0 };
	pthread_t thread;
	void *failed;

	assert_done(WD_IntEnable(wd_session, &interrupt));
	assert_int_equal(pthread_create(&thread, NULL, waiter, &interrupt), 0);
	usleep(200000);
	assert_done(WD_IntDisable(wd_session, &interrupt));
	pthread_join(thread, &failed);
	assert_null(failed);
}

/* What the guide turns one into does the same. */
static void guides_plugins(void)
{
	static const char *const names[] = { "../lib/wd/guide/interrupt_before", "../lib/wd/guide/interrupt_after" };
	struct kplug_record record = { 0 };
	size_t count, i;
	int n;

	for (i = 0; i < 2; i++) {
		rig_load(dev, names[i], NULL);
		assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
		for (n = 0; n < 10; n++) {
			rig_raise(dev, 1);
			assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
			assert_int_equal(record.count, 1);
			assert_int_equal(record.notify, 1);
		}
		assert_ok(kplug_irq_disable(dev, 0));
		assert_ok(kplug_plugin_unload(dev));
	}
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(interrupts),     TEST(bad_interrupts), TEST(interrupt_thread), TEST(stopped_while_waiting),
		TEST(guides_plugins),
	};

	return WD_RUN(tests);
}
