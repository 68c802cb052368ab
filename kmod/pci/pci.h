/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_PCI_H
#define KPLUG_PCI_H

#include <linux/pm.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "kplug_uapi.h"

struct kplug_device;
struct pci_dev;
struct pci_error_handlers;
struct vm_area_struct;

#define FENCE_RESET 0x1U /* in a reset, during which reset_lock is held */
#define FENCE_ERROR 0x2U /* after an error, until the device has recovered */
#define FENCE_OFF 0x4U /* the machine goes off or restarts: for good */

/* When kplug resets a function. The names are in sysfs: kplug_reset. */
enum side_policy {
	RESET_NEEDED, /* where memory that it could still write is to be given back */
	RESET_ALWAYS, /* ... and whenever it is unbound */
	RESET_NEVER, /* root takes care of it */
};

struct pci_side {
	struct pci_dev *pdev;
	u32 policy; /* enum side_policy */
	struct kplug_device *kdev;
	void __iomem *base[KPLUG_BAR_MAX];
	struct rw_semaphore reset_lock; /* held through a reset; no BAR is mapped meanwhile. Inside `alive` */
	/* FENCE_*: while not 0, reads give all ones and writes are dropped. Written under both locks */
	u32 fence;
	bool slot_reset; /* since the last error; under the driver core's lock */

	/* For each read, change and write of PCI's command register, which has a bit for DMA and one for INTx. */
	raw_spinlock_t command_lock;
	u32 dma_users; /* under command_lock, as the next */
	bool intx_on; /* its line is wanted */
	bool silent; /* for good */
};

/*
 * Lets the function master the bus and raise its line, or not, as the members above say; neither while it is fenced.
 * Under command_lock.
 */
void kplug_pci_apply_command(struct pci_side *side);

/* Keeps plugin and programs from the function's registers, for good. Sleeps. */
void kplug_pci_fence_off(struct pci_side *side);

extern const struct pci_error_handlers kplug_pci_error_handlers;
extern const struct dev_pm_ops kplug_pci_pm_ops;

/* See bar_mmap of struct kplug_bus_ops. */
int kplug_pci_bar_mmap(struct kplug_device *kdev, struct vm_area_struct *vma);

#endif /* KPLUG_PCI_H */
