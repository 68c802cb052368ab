/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device as the core sees it, and the small interface that a bus side (pci.c, soft.c) fills.
 *
 * Lifetime: the bus side registers and unregisters; open files, buffers and running work hold the struct device.
 * After kplug_device_unregister() the device is dead: no callback of the bus side runs, nor will one.
 */
#ifndef KPLUG_DEVICE_H
#define KPLUG_DEVICE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "kplug_uapi.h"

/* Ends buffers and gives birth to maps. */
extern struct workqueue_struct *kplug_workqueue;

struct kplug_device;
struct kplug_plugin;
struct kplug_vector;

struct kplug_bus_ops {
	struct module *owner;
	enum kplug_bus bus;

	/*
	 * One naturally aligned access of 1, 2, 4 or 8 bytes inside the BAR; the core has checked. Any context, hard
	 * IRQ included. Required.
	 */
	u64 (*reg_read)(struct kplug_device *kdev, u32 bar, u64 offset, u32 width);
	void (*reg_write)(struct kplug_device *kdev, u32 bar, u64 offset, u32 width, u64 value);

	/* The number of a BAR's first page, for programs to map it. NULL: no mmap. */
	unsigned long (*bar_pfn)(struct kplug_device *kdev, u32 bar);

	/* The Linux interrupt number of a vector below kdev->vectors. Required if there are any. */
	int (*irq)(struct kplug_device *kdev, u32 vector);

	/* Raises a vector by software. NULL: the core asks the kernel's interrupt injection. */
	int (*raise)(struct kplug_device *kdev, u32 vector);

	/*
	 * INTx only, which is masked at registration. mask: true if the device raises its line, which is then masked;
	 * hard IRQ. enable: masks or unmasks it in any case; any context, idempotent.
	 */
	bool (*intx_mask)(struct kplug_device *kdev);
	void (*intx_enable)(struct kplug_device *kdev, bool on);

	/* Stops DMA and interrupts for good. Process context; first at removal, and again when no handler runs. */
	void (*silence)(struct kplug_device *kdev);
};

/* What the bus side tells at registration. The core copies it. */
struct kplug_device_desc {
	const struct kplug_bus_ops *ops;
	struct device *parent; /* whom DMA is mapped for; alive until unregister */
	void *priv; /* the bus side's own, see kplug_device_priv() */
	const char *name; /* node name; unique, at most KPLUG_NAME_LEN - 1 bytes */
	enum kplug_irq_mode irq_mode;
	u32 vectors; /* 0..KPLUG_VECTOR_MAX */
	u32 dma_bits_max; /* 1..64 */
	u16 vendor, device;
	u64 bar_size[KPLUG_BAR_MAX];
};

/* What of DMA the kernel keeps for a device, whichever driver it has. */
struct kplug_dma_limits {
	u64 mask, coherent_mask;
	unsigned int segment; /* bytes */
};

struct kplug_device {
	struct device dev; /* /dev/kplug/NAME; its reference count keeps this struct */
	struct cdev cdev;
	struct kplug_device_desc desc; /* constant */
	u32 number; /* minor; never changes, reused after release */

	/* Ioctls and mmap hold it shared while they use the device; removal takes it exclusively to set `dead`. */
	struct percpu_rw_semaphore alive;
	bool dead; /* written under `alive` */

	struct kplug_plugin __rcu *plugin; /* written under plugin_lock */
	struct kplug_plugin *previous; /* what a rollback brings back, or NULL; under plugin_lock */
	u32 swaps; /* under plugin_lock */
	struct mutex plugin_lock;

	struct list_head buffers; /* RCU list, written under buffer_lock */
	struct mutex buffer_lock;
	u32 next_buffer_id; /* under buffer_lock */
	u32 dma_bits; /* the mask of the last request that had one and was granted, or the first; under buffer_lock */
	struct kplug_dma_limits found; /* what its parent had before us */
	struct delayed_work reaper; /* ends paged buffers that nobody holds */
	struct xarray locks; /* of struct kplug_lock: written under buffer_lock, read under RCU */
	unsigned long locked_pages; /* by these; under buffer_lock, and read without it */

	struct kplug_vector *vector; /* desc.vectors of them; each has its own lock */
	struct mutex irq_lock; /* enabling and disabling */
	spinlock_t event_lock;
	u64 events; /* forwarded ones, under event_lock */
	u32 event_code; /* of the last, under event_lock */
	u64 event_time; /* of the last, under event_lock */
	wait_queue_head_t readers;

	struct list_head files; /* open ones, under files_lock */
	struct mutex files_lock;
};

/*
 * Makes a device and its node. The desc must be as its struct says. Process context. The bus side must be able
 * to serve callbacks before the call returns. Returns the device or an ERR_PTR: -EEXIST name taken, -ENOSPC too many.
 */
struct kplug_device *kplug_device_register(const struct kplug_device_desc *desc);

/* Ends it: see the order in device.c. Sleeps until all hooks and ioctls are done. The pointer is dead afterwards. */
void kplug_device_unregister(struct kplug_device *kdev);

/* Tells plugin and readers of a suspend or resume. Process context. */
void kplug_device_event(struct kplug_device *kdev, enum kplug_event_code code);

/*
 * The kernel address of [dma_addr, dma_addr + len) if a buffer of the device covers it, else NULL: what an IOMMU would
 * do for a device that is software. Any context, in an RCU read section, which is how long the pointer is good.
 */
void *kplug_device_dma_to_virt(struct kplug_device *kdev, u64 dma_addr, size_t len);

static inline void *kplug_device_priv(struct kplug_device *kdev)
{
	return kdev->desc.priv;
}

/* Shared use of a live device: 0, or -ENODEV. */
int kplug_device_enter(struct kplug_device *kdev);
void kplug_device_leave(struct kplug_device *kdev);

/* Whether the caller may reach registers himself, by mmap() or ioctl: 0 or -EPERM. Plugins are not asked. */
int kplug_device_reg_right(const struct kplug_device *kdev);
/* A register access with all checks (see KPLUG_REG): 0, -ERANGE or -EINVAL. Any context. */
int kplug_device_reg(struct kplug_device *kdev, u32 bar, u64 offset, u32 width, u64 *value, bool write);

/* A reference on the device and on its bus side's module, for open files, buffers and plugins. Returns kdev. */
struct kplug_device *kplug_device_hold(struct kplug_device *kdev);
void kplug_device_release(struct kplug_device *kdev);

int kplug_device_init(void);
void kplug_device_exit(void);

#endif /* KPLUG_DEVICE_H */
