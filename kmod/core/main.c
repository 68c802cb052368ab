// SPDX-License-Identifier: GPL-2.0-only
/* The order of init and exit. */
#include <linux/module.h>

#include "buffer/map.h"
#include "core/device.h"
#include "plugin/plugin.h"

static int __init kplug_init(void)
{
	int err;

	err = kplug_kfuncs_init() ?: kplug_map_init();
	if (err)
		return err;
	err = kplug_hook_init();
	if (err)
		goto err_map;
	err = kplug_device_init();
	if (err)
		goto err_hook;
	return 0;

err_hook:
	kplug_hook_exit();
err_map:
	kplug_map_exit();
	return err;
}

static void __exit kplug_exit(void)
{
	kplug_device_exit();
	kplug_hook_exit();
	kplug_map_exit();
}

module_init(kplug_init);
module_exit(kplug_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("DMA buffers of devices as BPF maps, with verified BPF programs on their interrupts and calls");
MODULE_VERSION(KPLUG_VERSION);
