// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has the kernel take a PCI device for one whose INTx cannot be masked, or no more: QEMU has none. Its load fails, so
 * nothing stays: insmod nomask.ko device=0000:00:05.0 broken=1
 */
#include <linux/module.h>
#include <linux/pci.h>

static char *device;
module_param(device, charp, 0);
static bool broken;
module_param(broken, bool, 0);

static int __init nomask_init(void)
{
	struct device *dev = device ? bus_find_device_by_name(&pci_bus_type, NULL, device) : NULL;

	if (!dev)
		return -ENODEV;
	to_pci_dev(dev)->broken_intx_masking = broken;
	put_device(dev);
	return -EAGAIN;
}
module_init(nomask_init);

MODULE_DESCRIPTION("takes a PCI device for one whose INTx cannot be masked");
MODULE_LICENSE("GPL");
