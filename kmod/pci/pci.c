// SPDX-License-Identifier: GPL-2.0-only
/* kplug_pci.ko: binds any PCI function that driver_override or new_id names. */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "core/compat.h"
#include "core/device.h"
#include "pci/pci.h"

static u64 side_reg_read(struct kplug_device *kdev, u32 bar, u64 offset, u32 width)
{
	struct pci_side *side = kdev->desc.priv;
	void __iomem *reg = side->base[bar] + offset;

	if (READ_ONCE(side->fence))
		return GENMASK_ULL(width * 8 - 1, 0);
	switch (width) {
	case 1:
		return readb(reg);
	case 2:
		return readw(reg);
	case 4:
		return readl(reg);
	default:
		return readq(reg);
	}
}

static void side_reg_write(struct kplug_device *kdev, u32 bar, u64 offset, u32 width, u64 value)
{
	struct pci_side *side = kdev->desc.priv;
	void __iomem *reg = side->base[bar] + offset;

	if (READ_ONCE(side->fence))
		return;
	switch (width) {
	case 1:
		return writeb(value, reg);
	case 2:
		return writew(value, reg);
	case 4:
		return writel(value, reg);
	default:
		return writeq(value, reg);
	}
}

static int side_irq(struct kplug_device *kdev, u32 vector)
{
	struct pci_side *side = kdev->desc.priv;

	return pci_irq_vector(side->pdev, vector);
}

static bool side_intx_mask(struct kplug_device *kdev)
{
	struct pci_side *side = kdev->desc.priv;

	guard(raw_spinlock_irqsave)(&side->command_lock);
	if (side->fence || !pci_check_and_mask_intx(side->pdev))
		return false;
	side->intx_on = false;
	return true;
}

static void side_intx_enable(struct kplug_device *kdev, bool on)
{
	struct pci_side *side = kdev->desc.priv;

	guard(raw_spinlock_irqsave)(&side->command_lock);
	side->intx_on = on;
	if (!side->fence)
		pci_intx(side->pdev, on && !side->silent);
}

void kplug_pci_apply_command(struct pci_side *side)
{
	bool fenced = side->silent || side->fence;

	lockdep_assert_held(&side->command_lock);
	if (side->dma_users && !fenced)
		pci_set_master(side->pdev);
	else
		pci_clear_master(side->pdev);
	/* Some devices raise no message with the line off: PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG. */
	if (!side->pdev->msix_enabled && !side->pdev->msi_enabled)
		pci_intx(side->pdev, side->intx_on && !fenced);
}

static void side_dma_user(struct kplug_device *kdev, bool vector, int change)
{
	struct pci_side *side = kdev->desc.priv;

	if (vector && kdev->desc.irq_mode == KPLUG_IRQ_INTX)
		return;
	guard(raw_spinlock_irqsave)(&side->command_lock);
	side->dma_users += change;
	/* The first one, or none any more. A reset is not to be disturbed: see recovery.c. */
	if (!side->fence && side->dma_users == (change > 0 ? 1 : 0))
		kplug_pci_apply_command(side);
}

static void side_silence(struct kplug_device *kdev)
{
	struct pci_side *side = kdev->desc.priv;

	guard(raw_spinlock_irqsave)(&side->command_lock);
	side->silent = true;
	kplug_pci_apply_command(side);
}

/*
 * In remove() and shutdown(), which hold the device's lock. For a reset by its bus, programs are kept from the
 * bridge's registers. But who resets the bridge has that lock and waits for ours, so only try.
 */
static int side_reset_locked(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pci_upstream_bridge(pdev);
	bool locked = bridge && pci_cfg_access_trylock(bridge);
	int err = pci_reset_function_locked(pdev);

	if (locked)
		pci_cfg_access_unlock(bridge);
	return err;
}

static int side_reset(struct kplug_device *kdev, bool removing)
{
	struct pci_side *side = kdev->desc.priv;

	if (READ_ONCE(side->policy) == RESET_NEVER)
		return -ENOTTY;
	if (removing)
		return side_reset_locked(side->pdev);
	if (pci_num_vf(side->pdev))
		return -EBUSY; /* they would be reset, too, and not be restored */
	if (READ_ONCE(side->fence))
		return -EAGAIN; /* the kernel resets it already */
	return pci_try_reset_function(side->pdev); /* where a removal may be waiting: try only */
}

static const struct kplug_bus_ops pci_ops = {
	.owner = THIS_MODULE,
	.bus = KPLUG_BUS_PCI,
	.reg_read = side_reg_read,
	.reg_write = side_reg_write,
	.bar_mmap = kplug_pci_bar_mmap,
	.irq = side_irq,
	.intx_mask = side_intx_mask,
	.intx_enable = side_intx_enable,
	.dma_user = side_dma_user,
	.silence = side_silence,
	.reset = side_reset,
};

static int side_map_bars(struct pci_side *side, struct kplug_device_desc *desc)
{
	struct pci_dev *pdev = side->pdev;
	u32 bar;

	for (bar = 0; bar < KPLUG_BAR_MAX; bar++) {
		if (!(pci_resource_flags(pdev, bar) & IORESOURCE_MEM) || !pci_resource_len(pdev, bar))
			continue;
		side->base[bar] = pci_iomap(pdev, bar, 0);
		if (!side->base[bar])
			return -ENOMEM;
		desc->bar_size[bar] = pci_resource_len(pdev, bar);
	}
	return 0;
}

static void side_unmap_bars(struct pci_side *side)
{
	u32 bar;

	for (bar = 0; bar < KPLUG_BAR_MAX; bar++)
		if (side->base[bar])
			pci_iounmap(side->pdev, side->base[bar]);
}

/* MSI-X, else MSI, else an INTx line that can be masked. A function with none of them is still a device. */
static void side_get_vectors(struct pci_dev *pdev, struct kplug_device_desc *desc)
{
	unsigned int maskable = pdev->broken_intx_masking ? 0 : PCI_IRQ_INTX;
	int count = pci_alloc_irq_vectors(pdev, 1, KPLUG_VECTOR_MAX, PCI_IRQ_MSIX | PCI_IRQ_MSI | maskable);

	/* An unclaimed INTx makes the kernel disable the shared line: keep it masked. */
	if (!pdev->msix_enabled && !pdev->msi_enabled)
		pci_intx(pdev, 0);
	if (count <= 0) {
		if (pdev->broken_intx_masking)
			pci_warn(pdev, "no interrupts: no MSI, and the INTx line cannot be masked\n");
		return;
	}
	desc->vectors = count;
	desc->irq_mode = pdev->msix_enabled ? KPLUG_IRQ_MSIX : pdev->msi_enabled ? KPLUG_IRQ_MSI : KPLUG_IRQ_INTX;
}

/* pci_enable_device() and the freeing of MSI enable the INTx line, which has no handler here. */
static void side_disable(struct pci_dev *pdev)
{
	pci_intx(pdev, 0);
	pci_disable_device(pdev);
}

static int side_count(struct device *dev, void *count)
{
	*(unsigned int *)count += !dev_is_pci(dev) || !pci_is_bridge(to_pci_dev(dev));
	return 0;
}

/* See struct kplug_device_desc. Devices of one group reach each other's memory. */
static bool side_isolated(struct pci_dev *pdev)
{
	struct iommu_group *group = iommu_group_get(&pdev->dev);
	unsigned int count = 0;
	bool isolated;

	if (!group)
		return false;
	iommu_group_for_each_dev(group, &count, side_count);
	isolated = count == 1 && iommu_group_has_isolated_msi(group);
	iommu_group_put(group);
	return isolated;
}

static struct pci_side *side_new(struct pci_dev *pdev)
{
	struct pci_side *side = kzalloc(sizeof(*side), GFP_KERNEL);

	if (!side)
		return NULL;
	side->pdev = pdev;
	init_rwsem(&side->reset_lock);
	raw_spin_lock_init(&side->command_lock);
	return side;
}

static int side_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct kplug_device_desc desc = {
		.ops = &pci_ops,
		.parent = &pdev->dev,
		.name = pci_name(pdev),
		.dma_bits_max = 64,
		.vendor = pdev->vendor,
		.device = pdev->device,
		.can_reset = pdev->reset_methods[0],
		.isolated = side_isolated(pdev),
	};
	struct pci_side *side = side_new(pdev);
	int err;

	if (!side)
		return -ENOMEM;
	desc.priv = side;
	err = pci_enable_device(pdev);
	if (err)
		goto err_free;
	err = pci_request_regions(pdev, "kplug");
	if (err)
		goto err_disable;
	err = side_map_bars(side, &desc);
	if (err)
		goto err_unmap;
	pci_clear_master(pdev); /* until somebody needs it */
	side_get_vectors(pdev, &desc);
	pci_save_state(pdev); /* for a slot reset */
	pci_set_drvdata(pdev, side);
	if (!desc.can_reset)
		pci_info(pdev, "cannot be reset: memory of killed programs may stay in quarantine until unbind\n");
	side->kdev = kplug_device_register(&desc);
	err = PTR_ERR_OR_ZERO(side->kdev);
	if (err)
		goto err_vectors;
	return 0;

err_vectors:
	pci_free_irq_vectors(pdev);
err_unmap:
	side_unmap_bars(side);
	pci_release_regions(pdev);
err_disable:
	side_disable(pdev);
err_free:
	kfree(side);
	return err;
}

static void side_remove(struct pci_dev *pdev)
{
	struct pci_side *side = pci_get_drvdata(pdev);

	pci_disable_sriov(pdev); /* its functions are of no use without it */
	kplug_device_unregister(side->kdev);
	side->kdev = NULL; /* a reset has nobody to tell any more */
	if (side->policy == RESET_ALWAYS)
		side_reset_locked(pdev);
	pci_free_irq_vectors(pdev);
	side_unmap_bars(side);
	pci_release_regions(pdev);
	side_disable(pdev);
	kfree(side);
}

static const char *const side_policies[] = {
	[RESET_NEEDED] = "needed",
	[RESET_ALWAYS] = "always",
	[RESET_NEVER] = "never",
};

static ssize_t kplug_reset_show(struct device *dev, struct device_attribute *attr, char *text)
{
	const struct pci_side *side = dev_get_drvdata(dev);

	return sysfs_emit(text, "%s\n", side_policies[READ_ONCE(side->policy)]);
}

static ssize_t kplug_reset_store(struct device *dev, struct device_attribute *attr, const char *text, size_t size)
{
	struct pci_side *side = dev_get_drvdata(dev);
	int policy = sysfs_match_string(side_policies, text);

	if (policy < 0)
		return policy;
	WRITE_ONCE(side->policy, policy);
	return size;
}

static DEVICE_ATTR_RW(kplug_reset);

static struct attribute *side_attrs[] = { &dev_attr_kplug_reset.attr, NULL };
ATTRIBUTE_GROUPS(side);

/* Before the machine goes off or restarts: a kernel that kexec starts must not meet our writes and interrupts. */
static void side_shutdown(struct pci_dev *pdev)
{
	struct pci_side *side = pci_get_drvdata(pdev);

	kplug_device_event(side->kdev, KPLUG_EVENT_SUSPEND);
	kplug_pci_fence_off(side); /* programs still run, and must not start it again */
	side_silence(side->kdev);
	/* As at removal: who lets it master the bus again would let a transfer go on that this kernel has begun. */
	if (system_state == SYSTEM_RESTART && READ_ONCE(side->dma_users))
		side_reset(side->kdev, true);
}

static struct pci_driver kplug_pci_driver = {
	.name = "kplug",
	.id_table = NULL, /* driver_override and new_id only */
	.probe = side_probe,
	.remove = side_remove,
	.shutdown = side_shutdown,
	.err_handler = &kplug_pci_error_handlers,
	.dev_groups = side_groups, /* there while it is bound */
	.sriov_configure = pci_sriov_configure_simple,
	.driver.pm = pm_sleep_ptr(&kplug_pci_pm_ops),
};

/* Before a driver is looked for: a virtual function's own one would trust our physical one, which programs control. */
static int side_claim_vf(struct notifier_block *nb, unsigned long action, void *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	if (action == BUS_NOTIFY_ADD_DEVICE && pdev->is_virtfn &&
	    pci_dev_driver(pci_physfn(pdev)) == &kplug_pci_driver &&
	    device_set_driver_override(&pdev->dev, kplug_pci_driver.name))
		pci_err(pdev, "no memory to keep other drivers away\n");
	return NOTIFY_DONE;
}

static struct notifier_block side_notifier = { .notifier_call = side_claim_vf };

static int __init side_init(void)
{
	int err;

	err = bus_register_notifier(&pci_bus_type, &side_notifier);
	if (err)
		return err;
	err = pci_register_driver(&kplug_pci_driver);
	if (err)
		bus_unregister_notifier(&pci_bus_type, &side_notifier);
	return err;
}

static void __exit side_exit(void)
{
	pci_unregister_driver(&kplug_pci_driver);
	bus_unregister_notifier(&pci_bus_type, &side_notifier);
}

module_init(side_init);
module_exit(side_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kplug: PCI functions");
MODULE_VERSION(KPLUG_VERSION);
