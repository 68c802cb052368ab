// SPDX-License-Identifier: GPL-2.0-only
/* machine: intx */
/* kernel: one */
/* shows: KPLUG_IRQ_ENABLE KPLUG_IRQ_DISABLE kmod/pci/pci.c kmod/pci/recovery.c */
/*
 * QEMU's nvme is reset by root while its INTx line comes or goes. The kernel restores the configuration from before the
 * reset, but the line is then as it is wanted now: off without a handler, or the kernel would disable it for all who
 * share it; and on for who has enabled it meanwhile.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/rig.h"

#define IN_RESET_US 40000 /* a function-level reset takes 100 ms */

static char address[KPLUG_NAME_LEN];

static void setup(void)
{
	rig_find_pci(0x1b36, 0x0010, address);
	assert_ok(kplug_bind(address, false));
	assert_ok(kplug_device_open(address, NULL, &dev));
	assert_true(rig_line_is_off(address));
}

static void teardown(void)
{
	rig_close();
	assert_ok(kplug_unbind(address));
}

static void *reset(void *arg)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", address);
	*(int *)arg = rig_write(path, "1");
	return NULL;
}

static void disabled_meanwhile(void)
{
	pthread_t thread;
	int err = 1;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_false(rig_line_is_off(address));
	assert_int_equal(pthread_create(&thread, NULL, reset, &err), 0);
	usleep(IN_RESET_US);
	assert_ok(kplug_irq_disable(dev, 0));
	pthread_join(thread, NULL);
	assert_ok(err);
	assert_true(rig_line_is_off(address));
}

static void enabled_meanwhile(void)
{
	pthread_t thread;
	int err = 1;

	assert_int_equal(pthread_create(&thread, NULL, reset, &err), 0);
	usleep(IN_RESET_US);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	pthread_join(thread, NULL);
	assert_ok(err);
	assert_false(rig_line_is_off(address));
	assert_ok(kplug_irq_disable(dev, 0));
	assert_true(rig_line_is_off(address));
}

int main(void)
{
	const struct rig_test tests[] = { TEST(disabled_meanwhile), TEST(enabled_meanwhile) };

	return RIG_RUN(tests, RIG_NONE, .setup = setup, .teardown = teardown);
}
