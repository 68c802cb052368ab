// SPDX-License-Identifier: GPL-2.0-only
/* machine: intx */
/* shows: KPLUG_IRQ_RESUME KPLUG_IRQ_INFO KPLUG_IRQ_UNMASK hook:interrupt kmod/irq/watchdog.c kmod/irq/irq.c */
/* shows: kmod/pci/pci.c */
/* kmsg: vector 0 is stopped */
/* Two devices share an INTx line: each plugin claims its own interrupts; a stuck one is stopped, the other works on. */
#include <stdio.h>
#include <unistd.h>

#include "bpf/irq_modes.h"
#include "lib/rig.h"

static char second_name[KPLUG_NAME_LEN];
static struct kplug_device *first, *second;

static void setup(void)
{
	assert_int_equal(sscanf(getenv("KPLUG_EDU"), "%*s %31s", second_name), 1);
	assert_ok(kplug_bind(second_name, false));
	first = dev;
	assert_ok(kplug_device_open(second_name, NULL, &second));
	rig_load(second, "irq_modes", NULL);
}

static void teardown(void)
{
	(void)kplug_reg_write(first, 0, EDU_IRQ_ACK, 4, UINT32_MAX);
	(void)kplug_reg_write(second, 0, EDU_IRQ_ACK, 4, UINT32_MAX);
	kplug_device_close(second);
	assert_ok(kplug_unbind(second_name));
}

static struct kplug_irq_info look(struct kplug_device *device)
{
	struct kplug_irq_info info = {};

	assert_ok(kplug_irq_info(device, 0, &info));
	return info;
}

static bool is_stopped(void *device)
{
	return look(device).out_stopped;
}

static void load(uint32_t mode)
{
	rig_load(first, "irq_modes", NULL);
	assert_ok(kplug_call(first, mode, NULL, 0, NULL));
	assert_ok(kplug_irq_enable(first, 0, NULL, 0));
}

static void works(struct kplug_device *device)
{
	struct kplug_record record = {};
	size_t count;
	int i;

	for (i = 0; i < 20; i++) {
		rig_raise(device, 1);
		assert_ok(kplug_irq_wait(device, 10000, &record, 1, &count));
		assert_int_equal(record.count, 1);
		assert_int_equal(record.flags, 0);
	}
}

static void second_works(void)
{
	if (!look(second).out_users)
		assert_ok(kplug_irq_enable(second, 0, NULL, 0));
	works(second);
	assert_int_equal(look(second).out_stopped, KPLUG_STOP_NONE);
}

static void each_claims_its_own(void)
{
	uint64_t mine, other;

	load(IRQ_MODE_GOOD);
	second_works();
	assert_int_equal(look(first).out_irq, look(second).out_irq); /* or this tests nothing */
	mine = look(first).out_interrupts;
	other = look(second).out_interrupts;
	works(first);
	assert_int_equal(look(first).out_interrupts, mine + 20);
	assert_int_equal(look(second).out_interrupts, other);
	works(second);
	assert_int_equal(look(first).out_interrupts, mine + 20);
	assert_int_equal(look(second).out_interrupts, other + 20);
	assert_true(look(first).out_unclaimed >= 20);
}

static void screams(uint32_t mode, enum kplug_stop why)
{
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_irq_enable(second, 0, NULL, 0));
	load(mode);
	rig_raise(first, 1);
	assert_ok(kplug_irq_wait(first, 60000, &record, 1, &count));
	assert_true(record.flags & KPLUG_RECORD_STOPPED);
	assert_int_equal(look(first).out_stopped, why);
	second_works();
	assert_errno(EBUSY, kplug_irq_unmask(first, 0));

	/* Resumed as it was, it is stopped again; with a better plugin it goes on. */
	assert_ok(kplug_irq_resume(first, 0));
	rig_until(is_stopped, first);
	/* The stop is reported before any other record. */
	assert_ok(kplug_irq_wait(first, 10000, &record, 1, &count));
	assert_true(record.flags & KPLUG_RECORD_STOPPED);
	second_works();
	assert_ok(kplug_call(first, IRQ_MODE_GOOD, NULL, 0, NULL));
	assert_ok(kplug_irq_resume(first, 0));
	assert_ok(kplug_irq_wait(first, 10000, &record, 1, &count));
	works(first);
	second_works();
}

static void claimed_and_never_quieted(void)
{
	screams(IRQ_MODE_CLAIM, KPLUG_STOP_CLAIMED);
}

static void denied_and_never_quieted(void)
{
	screams(IRQ_MODE_DENY, KPLUG_STOP_DENIED);
}

/* The second device fires and its plugin denies it; the first, silent, claims that: the kernel sees a served line. */
static void claims_the_other_devices(void)
{
	struct kplug_record record;
	size_t count;

	load(IRQ_MODE_CLAIM);
	assert_ok(kplug_call(second, IRQ_MODE_DENY, NULL, 0, NULL));
	assert_ok(kplug_irq_enable(second, 0, NULL, 0));
	rig_raise(second, 1);
	rig_until(is_stopped, second);
	assert_int_equal(look(second).out_stopped, KPLUG_STOP_DENIED);
	if (is_stopped(first)) {
		assert_int_equal(look(first).out_stopped, KPLUG_STOP_CLAIMED);
		assert_ok(kplug_irq_resume(first, 0));
	}
	assert_ok(kplug_call(first, IRQ_MODE_GOOD, NULL, 0, NULL));
	rig_raise(first, 1);
	assert_ok(kplug_irq_wait(first, 10000, &record, 1, &count));
	while (!kplug_irq_wait(first, 100, &record, 1, &count))
		;
	works(first);
}

/* Without a plugin the line is masked at the first interrupt. */
static void no_plugin(void)
{
	assert_ok(kplug_irq_enable(first, 0, NULL, 0));
	rig_raise(first, 1);
	second_works();
	assert_int_equal(look(first).out_stopped, KPLUG_STOP_NONE);
	assert_true(look(first).out_interrupts > 0);
}

/* Without a user the interrupts do not reach the line, not even after an unmask. */
static void not_enabled(void)
{
	uint64_t before = look(first).out_interrupts;

	assert_ok(kplug_irq_unmask(first, 0));
	rig_raise(first, 1);
	second_works();
	assert_int_equal(look(first).out_interrupts, before);
	assert_int_equal(look(second).out_unclaimed, 0);
}

/* Nor after the last user has left. */
static void disabled_again(void)
{
	load(IRQ_MODE_CLAIM);
	assert_ok(kplug_irq_disable(first, 0));
	assert_ok(kplug_irq_unmask(first, 0));
	rig_raise(first, 1);
	second_works();
	assert_int_equal(look(second).out_unclaimed, 0);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(each_claims_its_own),
		TEST(claimed_and_never_quieted),
		TEST(denied_and_never_quieted),
		TEST(claims_the_other_devices),
		TEST(no_plugin),
		TEST(not_enabled),
		TEST(disabled_again),
	};

	return RIG_RUN(tests, RIG_EDU, .setup = setup, .teardown = teardown);
}
