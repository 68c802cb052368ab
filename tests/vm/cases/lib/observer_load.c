// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: hook:call lib/plugin/observe.c */
/*
 * An observer keeps up with calls from the other CPU: it sees each, in order, and a wait ends for an event only. It
 * often looks just when a record has its place in the ring buffer but not yet its content.
 */
#include <pthread.h>
#include <stdio.h>

#include "lib/rig.h"

#define CALLS 20000
#define TIMEOUT_MS 20000

static struct kplug_observer *observer;

static void setup(void)
{
	assert_ok(kplug_observer_open(dev, rig_object("observe"), &observer));
}

static void teardown(void)
{
	kplug_observer_close(observer);
}

static void *run_calls(void *arg)
{
	int64_t result;

	for (uint32_t i = 0; i < CALLS; i++)
		kplug_call(arg, i, NULL, 0, &result);
	return NULL;
}

static void sees_each_call(void)
{
	struct kplug_observed e;
	pthread_t caller;
	size_t count;
	int err;

	assert_int_equal(pthread_create(&caller, NULL, run_calls, dev), 0);
	for (uint32_t i = 0; i < CALLS; i++) {
		err = kplug_observer_wait(observer, TIMEOUT_MS, &e, 1, &count);
		if (err)
			fail_msg("call %u: %s", i, kplug_error());
		assert_int_equal(count, 1);
		assert_int_equal(e.hook, KPLUG_HOOK_CALL);
		assert_int_equal(e.message, i);
	}
	pthread_join(caller, NULL);
	assert_int_equal(kplug_observer_lost(observer), 0);
	assert_errno(ETIMEDOUT, kplug_observer_wait(observer, 0, &e, 1, &count));
}

static void no_room_for_an_event(void)
{
	struct kplug_observed e;
	size_t count = 7;

	assert_errno(EINVAL, kplug_observer_wait(observer, 0, &e, 0, &count));
	assert_string_equal(kplug_error(), "observer: max is 0; give room for one event or more");
	assert_int_equal(count, 7);
}

static void other_objects(void)
{
	struct kplug_observer *other = NULL;

	assert_errno(ENOENT, kplug_observer_open(dev, "/nowhere.bpf.o", &other));
	assert_errno(EINVAL, kplug_observer_open(dev, rig_object("event_ignored"), &other)); /* asks for no device */
	assert_errno(EINVAL, kplug_observer_open(dev, rig_object("observe_none"), &other)); /* tells nothing */
	assert_errno(EINVAL, kplug_observer_open(dev, rig_object("bad_map"), &other));
	assert_non_null(strstr(kplug_error(), "cannot observe device t0: "));
	assert_non_null(strstr(kplug_error(), "numbers")); /* the map that the kernel does not make */
	assert_null(other);
	kplug_observer_close(NULL);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(sees_each_call),
		TEST(no_room_for_an_event),
		BARE(other_objects),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
