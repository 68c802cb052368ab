// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* Registers: by ioctl where the BAR cannot be mapped, what both devices compute, and that the device has gone. */
#include <stdio.h>
#include <sys/resource.h>

#include "lib/rig.h"

#define SOFT_VECTORS 0xa4 /* of the software device only: kmod/soft/edu.c */

static unsigned int told;

static void count_word(enum kplug_log_level level, const char *text, void *arg)
{
	(void)arg;
	told += level == KPLUG_LOG_INFO && strstr(text, "cannot be mapped; its registers are accessed by ioctl");
}

/* Runs what maps a BAR while the process can have no more address space. */
static int write_unmapped(struct kplug_device *dev, uint64_t value)
{
	struct rlimit before, none;
	int err;

	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	err = kplug_reg_write(dev, 0, EDU_LIVENESS, 4, value);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	return err;
}

static void by_ioctl(void **state)
{
	const struct rig_dev *d = *state;
	struct kplug_device *dev = rig_open(d);
	uint64_t value = 0;

	told = 0;
	kplug_set_log(count_word, NULL);
	assert_ok(write_unmapped(dev, 0x12345678));
	assert_ok(kplug_reg_read(dev, 0, EDU_LIVENESS, 4, &value));
	kplug_set_log(NULL, NULL);
	assert_int_equal(value, 0xedcba987); /* that register inverts */
	assert_int_equal(told, d->soft ? 0 : 1); /* the software device has none to map */
	kplug_device_close(dev);
}

static uint64_t read_reg(struct kplug_device *dev, uint64_t offset)
{
	uint64_t value = 0;

	assert_ok(kplug_reg_read(dev, 0, offset, 4, &value));
	return value;
}

/* edu says first that it is done, and raises the interrupt then. */
static bool is_computed(void *dev)
{
	return !(read_reg(dev, EDU_STATUS) & 1) && read_reg(dev, EDU_IRQ_STATUS) == 1;
}

/* What edu computes, the software device does too. */
static void factorial(void **state)
{
	struct kplug_device *dev = rig_open(*state);
	static const struct {
		uint32_t n, product;
	} known[] = { { 0, 1 }, { 1, 1 }, { 5, 120 }, { 12, 479001600 }, { 13, 1932053504 }, { 34, 0 } };
	size_t i;

	assert_ok(kplug_reg_write(dev, 0, EDU_STATUS, 4, 0x80)); /* an interrupt when done */
	assert_int_equal(read_reg(dev, EDU_STATUS) & 0x80, 0x80);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_ok(kplug_reg_write(dev, 0, EDU_FACTORIAL, 4, known[i].n));
		rig_until(is_computed, dev);
		assert_int_equal(read_reg(dev, EDU_FACTORIAL), known[i].product);
		assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_ACK, 4, 1));
	}
	assert_ok(kplug_reg_write(dev, 0, EDU_STATUS, 4, 0));
	assert_ok(kplug_reg_write(dev, 0, EDU_DMA_COUNT, 4, 77));
	assert_int_equal(read_reg(dev, EDU_DMA_COUNT), 77);
	kplug_device_close(dev);
}

/* The software device tells how many it was made with; edu has no such register. */
static void vectors(void **state)
{
	const struct rig_dev *d = *state;
	struct kplug_device *dev = rig_open(d);

	assert_int_equal(read_reg(dev, SOFT_VECTORS), d->soft ? 32 : UINT32_MAX);
	kplug_device_close(dev);
}

static void of_a_device_that_has_gone(void **state)
{
	const struct rig_dev *d = *state;
	struct kplug_device *dev = rig_open(d);
	uint64_t value = 5;

	assert_ok(write_unmapped(dev, 1));
	assert_ok(d->soft ? kplug_soft_delete(d->name) : kplug_unbind(d->name));
	assert_errno(ENODEV, kplug_reg_read(dev, 0, EDU_LIVENESS, 4, &value));
	assert_int_equal(value, 5);
	assert_non_null(strstr(kplug_error(), "register 0x4 of BAR 0"));
	assert_errno(ENODEV, kplug_reg_write(dev, 0, EDU_LIVENESS, 4, 1));
	kplug_device_close(dev);
	assert_ok(d->soft ? kplug_soft_create(d->name, 32, 0) : kplug_bind(d->name, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_ioctl),
		cmocka_unit_test(factorial),
		cmocka_unit_test(vectors),
		cmocka_unit_test(of_a_device_that_has_gone),
	};

	return RIG_RUN(tests, RIG_BOTH);
}
