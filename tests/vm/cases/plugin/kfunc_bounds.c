// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: hook:interrupt hook:call kmod/plugin/kfuncs.c */
/* The kfuncs take all that their bounds allow, and nothing past them. */
#include "lib/prog.h"
#include "bpf/kfunc_bounds.h"

static struct prog_links links;
static volatile struct kfunc_bounds *bounds;

/* Without a plugin the programs that are attached answer. */
static void setup(void)
{
	prog_attach(&links, "kfunc_bounds", -1);
	bounds = prog_globals(links.obj);
}

static void teardown(void)
{
	prog_detach(&links);
}

static bool has_run(void *unused)
{
	(void)unused;
	return bounds->runs;
}

static void in_an_interrupt(void)
{
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_irq_trigger(dev, 0));
	rig_until(has_run, NULL);
	assert_int_equal(bounds->attach_all, 0);
	assert_int_equal(bounds->attach_more, -E2BIG);
	assert_int_equal(bounds->wake_never, -ERANGE);
	assert_int_equal(bounds->wake_soonest, 0);
	assert_int_equal(bounds->wake_latest, 0);
	assert_int_equal(bounds->wake_later, -ERANGE);
	assert_int_equal(bounds->answer_flags, 0);
	assert_int_equal(bounds->answer_bad_flag, -EINVAL);
	assert_int_equal(bounds->answer_quiet, -EPERM);
	/* The answer wakes nobody; the last kplug_wake_after() that was taken does. */
	assert_ok(kplug_irq_wait(dev, 5000, &record, 1, &count));
	assert_int_equal(record.data_size, KPLUG_ATTACH_MAX);
	assert_int_equal(record.data[0], 0x5a);
	assert_ok(kplug_irq_disable(dev, 0));
}

static void in_a_call(void)
{
	assert_ok(kplug_call(dev, 1, NULL, 0, NULL));
	assert_int_equal(bounds->attach_in_call, -EINVAL);
	assert_int_equal(bounds->wake_in_call, -EINVAL);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(in_an_interrupt), TEST(in_a_call) };

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
