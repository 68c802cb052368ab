// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_REG kmod/node/registry.c kmod/soft/edu.c lib/device/reg.c */
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
static int write_unmapped(uint64_t value)
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

static void by_ioctl(void)
{
	uint64_t value = 0;

	told = 0;
	kplug_set_log(count_word, NULL);
	assert_ok(write_unmapped(0x12345678));
	assert_ok(kplug_reg_read(dev, 0, EDU_LIVENESS, 4, &value));
	kplug_set_log(NULL, NULL);
	assert_int_equal(value, 0xedcba987); /* that register inverts */
	assert_int_equal(told, at->soft ? 0 : 1); /* the software device has none to map */
}

static uint64_t read_reg(uint64_t offset)
{
	uint64_t value = 0;

	assert_ok(kplug_reg_read(dev, 0, offset, 4, &value));
	return value;
}

/* edu says first that it is done, and raises the interrupt then. */
static bool is_computed(void *unused)
{
	(void)unused;
	return !(read_reg(EDU_STATUS) & 1) && read_reg(EDU_IRQ_STATUS) == 1;
}

/* What edu computes, the software device does too. */
static void factorial(void)
{
	static const struct {
		uint32_t n, product;
	} known[] = { { 0, 1 }, { 1, 1 }, { 5, 120 }, { 12, 479001600 }, { 13, 1932053504 }, { 34, 0 } };
	size_t i;

	assert_ok(kplug_reg_write(dev, 0, EDU_STATUS, 4, 0x80)); /* an interrupt when done */
	assert_int_equal(read_reg(EDU_STATUS) & 0x80, 0x80);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_ok(kplug_reg_write(dev, 0, EDU_FACTORIAL, 4, known[i].n));
		rig_until(is_computed, NULL);
		assert_int_equal(read_reg(EDU_FACTORIAL), known[i].product);
		assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_ACK, 4, 1));
	}
	assert_ok(kplug_reg_write(dev, 0, EDU_STATUS, 4, 0));
	assert_ok(kplug_reg_write(dev, 0, EDU_DMA_COUNT, 4, 77));
	assert_int_equal(read_reg(EDU_DMA_COUNT), 77);
}

/* The software device has a register with the number of its vectors; edu has none. */
static void vectors(void)
{
	assert_int_equal(read_reg(SOFT_VECTORS), at->soft ? 32 : UINT32_MAX);
}

static void of_a_device_that_has_gone(void)
{
	uint64_t value = 5;

	assert_ok(write_unmapped(1));
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
	assert_errno(ENODEV, kplug_reg_read(dev, 0, EDU_LIVENESS, 4, &value));
	assert_int_equal(value, 5);
	assert_non_null(strstr(kplug_error(), "register 0x4 of BAR 0"));
	assert_errno(ENODEV, kplug_reg_write(dev, 0, EDU_LIVENESS, 4, 1));
	rig_close();
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 0) : kplug_bind(at->name, false));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(by_ioctl),
		TEST(factorial),
		TEST(vectors),
		TEST(of_a_device_that_has_gone),
	};

	return RIG_RUN(tests, RIG_BOTH);
}
