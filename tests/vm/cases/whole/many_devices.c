// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_SOFT_CREATE KPLUG_PLUGIN_UNLOAD hook:interrupt kmod/node/registry.c kmod/plugin/plugin.c */
/* shows: kmod/irq/irq.c kmod/soft/soft.c */
/* timeout: 300 */
/* Sixty-four devices, each with its plugin and its buffer: an interrupt or an unload of one leaves the others alone. */
#include <stdio.h>

#include "lib/rig.h"

#define DEVICES 64

static struct {
	char name[KPLUG_NAME_LEN];
	struct kplug_device *dev;
	struct kplug_buffer *buf;
} all[DEVICES];

static uint64_t counted(int i)
{
	return *(volatile uint64_t *)kplug_buffer_ptr(all[i].buf); /* of vector 0 */
}

static bool has_counted(void *arg)
{
	int i = *(int *)arg;

	return counted(i) == (uint64_t)i + 1;
}

static void setup(void)
{
	int i;

	for (i = 0; i < DEVICES; i++) {
		snprintf(all[i].name, sizeof(all[i].name), "many%d", i);
		assert_ok(kplug_soft_create(all[i].name, 1, 0));
		assert_ok(kplug_device_open(all[i].name, NULL, &all[i].dev));
		all[i].buf = rig_buffer(all[i].dev, "count", 4096);
		rig_load(all[i].dev, "count", NULL);
		assert_ok(kplug_irq_enable(all[i].dev, 0, NULL, 0));
	}
}

static void teardown(void)
{
	int i;

	for (i = 0; i < DEVICES; i++) {
		kplug_buffer_free(all[i].buf);
		kplug_device_close(all[i].dev);
		kplug_soft_delete(all[i].name);
	}
}

static void each_its_own(void)
{
	struct kplug_plugin_info info;
	int i, n;

	/* In turn, so that a mix-up cannot come out even. */
	for (n = 0; n < DEVICES; n++)
		for (i = n; i < DEVICES; i++)
			assert_ok(kplug_irq_trigger(all[i].dev, 0));
	for (i = 0; i < DEVICES; i++)
		rig_until(has_counted, &i);
	for (i = 0; i < DEVICES; i += 2)
		assert_ok(kplug_plugin_unload(all[i].dev));
	for (i = 0; i < DEVICES; i++) {
		assert_int_equal(kplug_plugin_info(all[i].dev, &info), i % 2 ? 0 : -ENOENT);
		assert_int_equal(counted(i), i + 1);
	}
}

int main(void)
{
	const struct rig_test tests[] = { TEST(each_its_own) };

	return RIG_RUN(tests, RIG_NONE, .setup = setup, .teardown = teardown);
}
