/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device, and the small interface that a bus side (pci/, soft/) fills.
 *
 * The bus side registers and unregisters; open files, buffers, plugins and running work hold the struct device. After
 * kplug_device_unregister() the device is dead: no callback of the bus side runs any more.
 *
 * Locks: `alive` is outermost. Inside it, or without it in removal and in workers, at most one of irq_lock,
 * plugin_lock, files_lock, buffer_lock and dma_lock is held. The spinlocks are innermost, one at a time.
 * mmap_lock is outside buffer_lock (mmap of the node), so nothing inside buffer_lock takes it. mmap and page faults,
 * with mmap_lock held, only try `alive`: a removal may wait for it.
 */
#ifndef KPLUG_DEVICE_H
#define KPLUG_DEVICE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "kplug_uapi.h"

struct kplug_device;
struct kplug_pending;
struct kplug_plugin;
struct kplug_vector;
struct vm_area_struct;

struct kplug_bus_ops {
	struct module *owner;
	enum kplug_bus bus;

	/*
	 * One naturally aligned access of 1, 2, 4 or 8 bytes inside the BAR; the core has checked. Any context, hard
	 * IRQ included. Required.
	 */
	u64 (*reg_read)(struct kplug_device *kdev, u32 bar, u64 offset, u32 width);
	void (*reg_write)(struct kplug_device *kdev, u32 bar, u64 offset, u32 width, u64 value);

	/*
	 * Map registers into a program (KPLUG_MMAP_BAR). The core has checked the right and entered the device. At
	 * removal it takes all such mappings away; a fault that finds the device dead maps nothing. NULL: no mmap.
	 */
	int (*bar_mmap)(struct kplug_device *kdev, struct vm_area_struct *vma);

	/* The Linux interrupt number of a vector below desc.vectors, which stays. Required if there are any. */
	int (*irq)(struct kplug_device *kdev, u32 vector);

	/* Raise a vector by software. NULL: the core uses the kernel's interrupt injection. */
	int (*raise)(struct kplug_device *kdev, u32 vector);

	/*
	 * INTx only, which is masked at registration. mask: if the device raises its line, mask it and return true;
	 * hard IRQ. enable: mask or unmask it in any case; any context, idempotent.
	 */
	bool (*intx_mask)(struct kplug_device *kdev);
	void (*intx_enable)(struct kplug_device *kdev, bool on);

	/*
	 * The device got one more user of its DMA (+1), or lost one (-1): memory of its own, or an enabled vector,
	 * which may be a memory write. Process context, with locks held. NULL: the bus does not switch DMA.
	 */
	void (*dma_user)(struct kplug_device *kdev, bool vector, int change);

	/* Stop DMA and interrupts for good. Process context; first at removal and shutdown. */
	void (*silence)(struct kplug_device *kdev);

	/*
	 * Reset the device, so that no DMA of it is under way. removing: inside kplug_device_unregister() or a
	 * shutdown; else -EAGAIN where that may be waiting. -ENOTTY: there is no way. NULL: see
	 * kplug_device_confined().
	 */
	int (*reset)(struct kplug_device *kdev, bool removing);
};

/* What the bus side passes to kplug_device_register(), which copies it. */
struct kplug_device_desc {
	const struct kplug_bus_ops *ops;
	struct device *parent; /* does the DMA; alive until unregister */
	void *priv; /* the bus side's own */
	const char *name; /* of the node; unique, at most KPLUG_NAME_LEN - 1 bytes */
	enum kplug_irq_mode irq_mode;
	u32 vectors; /* 0..KPLUG_VECTOR_MAX */
	u32 dma_bits_max; /* 1..64 */
	u16 vendor, device;
	u64 bar_size[KPLUG_BAR_MAX];
	bool can_reset;
	bool isolated; /* alone in its IOMMU group, which isolates its interrupts */
};

struct kplug_device {
	struct device dev; /* /dev/kplug/NAME; its references keep this struct */
	struct cdev cdev;
	struct kplug_device_desc desc; /* constant */
	u32 number; /* minor; constant, reused after release */

	/* Ioctls and mmap hold it shared while they use the device; removal takes it exclusively to set `dead`. */
	struct percpu_rw_semaphore alive;
	bool dead; /* written under `alive` */

	/* call/ */
	struct kplug_pending *pending; /* a table; each slot has its own lock */
	unsigned long *pending_used; /* a bit per slot, atomic */

	/* plugin/ */
	struct kplug_plugin __rcu *plugin; /* written under plugin_lock */
	struct kplug_plugin *previous; /* for a rollback, or NULL; under plugin_lock */
	u32 swaps; /* under plugin_lock */
	struct mutex plugin_lock;

	/* buffer/ */
	struct list_head buffers; /* RCU list, written under buffer_lock */
	/* Of those with a kernel address, of all with their device address: by the address's last page. As the list. */
	struct xarray by_virt, by_dma;
	struct mutex buffer_lock; /* held to the end of an unmap, so that removal waits for it */
	u32 next_buffer_id; /* under buffer_lock */
	struct list_head quarantine; /* of struct kplug_ended, under buffer_lock */
	struct xarray umems; /* of struct kplug_ended, by id: written under buffer_lock, read under RCU */
	unsigned long umem_pages; /* written under buffer_lock */

	/* dma/ */
	struct mutex dma_lock; /* the parent has the mask of one request */
	struct {
		u64 mask, coherent_mask;
		unsigned int segment; /* bytes */
	} saved; /* the parent's settings, which outlive its driver; constant */
	u32 dma_bits; /* of requests that ask for none; constant */
	bool translated; /* by an IOMMU; constant */

	/* irq/ */
	struct kplug_vector *vector; /* desc.vectors of them; each has its own lock */
	struct mutex irq_lock; /* enabling and disabling */
	spinlock_t event_lock;
	u64 events; /* forwarded ones, under event_lock */
	u32 event_code; /* of the last, under event_lock */
	u64 event_time; /* of the last, under event_lock */

	/* buffer/charge.c */
	spinlock_t limit_lock;
	u64 limit[KPLUG_LIMIT_COUNT], used[KPLUG_LIMIT_COUNT]; /* under limit_lock */

	/* node/ */
	struct list_head files; /* open ones, under files_lock */
	struct mutex files_lock;
};

/*
 * Make a device and its node. The desc must be as its struct says. Process context. The bus side must be able to serve
 * callbacks before the call returns. Returns the device or an ERR_PTR: -EEXIST name taken, -ENOSPC too many.
 */
struct kplug_device *kplug_device_register(const struct kplug_device_desc *desc);

/* Tear it down, in the order of registry.c. Sleeps until all hooks and ioctls are done. The pointer is dead then. */
void kplug_device_unregister(struct kplug_device *kdev);

/* Tell plugin and readers of a suspend (or shutdown), resume or reset; not of a dead device. Process context. */
void kplug_device_event(struct kplug_device *kdev, enum kplug_event_code code);

/* Remove the device's BARs from all address spaces. They fault again, unless the device is dead. */
void kplug_device_zap(struct kplug_device *kdev);

/*
 * The kernel address of [dma_addr, dma_addr + len) if a buffer or a umem of the device covers it, else NULL: what an
 * IOMMU does, for a device that is software. Any context, in an RCU read section, for which the pointer is good.
 */
void *kplug_device_dma_to_virt(struct kplug_device *kdev, u64 dma_addr, size_t len);

/* Does the device reach memory by kplug_device_dma_to_virt() only, so none that was taken from it? */
static inline bool kplug_device_confined(const struct kplug_device *kdev)
{
	return !kdev->desc.ops->reset;
}

static inline void kplug_device_dma_user(struct kplug_device *kdev, bool vector, int change)
{
	if (kdev->desc.ops->dma_user)
		kdev->desc.ops->dma_user(kdev, vector, change);
}

/* Begin and end a use of a live device: 0, or -ENODEV. */
int kplug_device_enter(struct kplug_device *kdev);
void kplug_device_leave(struct kplug_device *kdev);

/* May the caller access registers itself, by mmap() or ioctl? 0 or -EPERM. Plugins are not asked. */
int kplug_device_reg_right(const struct kplug_device *kdev);
/* A register access with all checks (see KPLUG_REG): 0, -ERANGE or -EINVAL. Any context. */
int kplug_device_reg(struct kplug_device *kdev, u32 bar, u64 offset, u32 width, u64 *value, bool write);

/* A reference on the device and on its bus side's module, for open files, buffers and plugins. Returns kdev. */
struct kplug_device *kplug_device_hold(struct kplug_device *kdev);
void kplug_device_release(struct kplug_device *kdev);

int kplug_device_init(void);
void kplug_device_exit(void);

#endif /* KPLUG_DEVICE_H */
