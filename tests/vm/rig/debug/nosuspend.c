// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that refuses a suspend, which ends there: devices that came after it have been suspended, and are resumed.
 * Those before it are left alone. The guest's root is on one of them, whose driver would lose it.
 */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm.h>

static int nosuspend_refuse(struct device *dev)
{
	return -EBUSY;
}

static const struct dev_pm_ops nosuspend_pm = {
	.suspend = nosuspend_refuse,
};

static struct platform_driver nosuspend_driver = {
	.driver = { .name = "nosuspend", .pm = &nosuspend_pm },
};

static struct platform_device *nosuspend;

static int __init nosuspend_init(void)
{
	int err = platform_driver_register(&nosuspend_driver);

	if (err)
		return err;
	nosuspend = platform_device_register_simple("nosuspend", PLATFORM_DEVID_NONE, NULL, 0);
	if (!IS_ERR(nosuspend))
		return 0;
	platform_driver_unregister(&nosuspend_driver);
	return PTR_ERR(nosuspend);
}

static void __exit nosuspend_exit(void)
{
	platform_device_unregister(nosuspend);
	platform_driver_unregister(&nosuspend_driver);
}

module_init(nosuspend_init);
module_exit(nosuspend_exit);
MODULE_DESCRIPTION("a device that refuses a suspend");
MODULE_LICENSE("GPL");
