/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of memory. A kind is one row of operations; outside of its row nothing asks for the kind. The core has the
 * rows paged and contiguous; kplug_memory.ko registers the others, a second one of contiguous, and what else it can do.
 */
#ifndef KPLUG_MEMORY_H
#define KPLUG_MEMORY_H

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/module.h>

#include "kplug_uapi.h"

struct kplug_buffer;
struct kplug_device;
struct kplug_file;
struct user_struct;
struct vm_area_struct;

/* Properties of a kind. */
#define KPLUG_MEMORY_NATIVE BIT(0) /* get() makes or takes a map of the kernel's own; else map.c makes one */
#define KPLUG_MEMORY_TRANSLATED BIT(1) /* only behind an IOMMU */
#define KPLUG_MEMORY_FOREIGN BIT(2) /* memory that exists already, behind memory_fd: no NUMA node, no parts */
#define KPLUG_MEMORY_HUGE BIT(3) /* physically contiguous: KPLUG_MMAP_HUGE maps it */
#define KPLUG_MEMORY_SLOW_READ BIT(4) /* bpf() must not copy it */
#define KPLUG_MEMORY_EXPORT BIT(5) /* can be a dma-buf for other devices */

/* What counts for a user against RLIMIT_MEMLOCK, and against the limits of a device. */
struct kplug_charge {
	struct user_struct *user; /* held; NULL: the caller had CAP_IPC_LOCK */
	unsigned long pages;
	struct kplug_device *kdev; /* which the caller holds; NULL: nothing is charged */
	u64 used[KPLUG_LIMIT_COUNT];
};

/*
 * charge.c. For the caller, into a struct of zeros but for what counts besides bytes: 0, or -EDQUOT. Undone by
 * kplug_uncharge(), in any context that may sleep.
 */
int kplug_charge(struct kplug_charge *charge, struct kplug_device *kdev, unsigned long pages);
void kplug_uncharge(struct kplug_charge *charge);
/* Against the limits alone, all or none of them. Undone by kplug_limit_put(). */
int kplug_limit_take(struct kplug_device *kdev, const u64 amount[KPLUG_LIMIT_COUNT]);
void kplug_limit_put(struct kplug_device *kdev, const u64 amount[KPLUG_LIMIT_COUNT]);
/* See KPLUG_LIMIT. */
int kplug_limit(struct kplug_device *kdev, struct kplug_limit *arg);

/* How memory ends that its owner gives up: see quarantine.c. Set when a buffer ends, and when a umem begins. */
struct kplug_ended {
	struct list_head list;
	u64 owner; /* as of struct kplug_buffer */
	u32 id; /* of the buffer, or of the umem */
	unsigned long pages;
	void (*unmap)(struct kplug_ended *ended); /* from the device, which is not yet removed; under buffer_lock */
	void (*release)(struct kplug_ended *ended); /* gives it back; process context */
	struct list_head siblings; /* of a umem: kplug_file.umems, while it is published */
	struct module *module; /* of the two: a reference, put when release() has returned. NULL: the core */
};

struct kplug_memory_ops {
	struct module *owner;
	enum kplug_buffer_kind kind;
	u32 flags; /* KPLUG_MEMORY_* */

	/*
	 * Acquire buf->count zeroed pages at or below physical address `limit` and set what buffer.h names. The device
	 * is not entered, and may be gone. Errors: of KPLUG_BUFFER_ALLOC; -ENOSPC: try kplug_memory.ko's row. put()
	 * releases them after the device no longer reaches them.
	 */
	int (*get)(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, u64 limit);
	void (*put)(struct kplug_buffer *buf);

	/* Map for the device as one range, and set buf->dma. NULL: buf->pages are mapped into buf->sgt. */
	int (*map_dma)(struct kplug_buffer *buf, u32 bits);
	void (*unmap_dma)(struct kplug_buffer *buf);

	/* Map pages from pgoff on into a program; the caller holds the buffer's map. NULL: all pages are inserted. */
	int (*mmap)(struct kplug_buffer *buf, unsigned long pgoff, struct vm_area_struct *vma);
	/* The same by large pages, as faults ask for them. NULL: as above. */
	int (*mmap_huge)(struct kplug_buffer *buf, struct vm_area_struct *vma);
};

/* kplug_memory.ko, as the core calls it. */
struct kplug_memory_module {
	struct module *owner;
	const struct kplug_memory_ops *const *rows; /* by kind; NULL: it has none */

	/* See KPLUG_DMA_LOCK and _ENTRIES; both enter the device. Each umem has a module reference. */
	int (*umem_lock)(struct kplug_file *kfile, struct kplug_dma_lock *arg);
	int (*umem_entries)(struct kplug_file *kfile, struct kplug_dma_entries *arg);
	/* As kplug_umem_covers(). */
	bool (*umem_covers)(struct kplug_file *kfile, u64 addr, u64 len);
	/* As kplug_device_dma_to_virt(). */
	void *(*umem_dma_to_virt)(struct kplug_device *kdev, u64 addr, size_t len);

	/* See KPLUG_BUFFER_EXPORT. The device is entered. */
	int (*export)(struct kplug_device *kdev, struct kplug_buffer_export *arg);

	/* See KPLUG_BUFFER_ACCESS. Enters the device. */
	int (*access)(struct kplug_device *kdev, const struct kplug_buffer_access *arg);
};

/* For kplug_memory.ko only, of which the kernel loads one at a time. After unregistering no call is under way. */
void kplug_memory_register(const struct kplug_memory_module *module);
void kplug_memory_unregister(void);

/* kplug_memory.ko's row of a kind, with a reference on its owner. -ENOPKG: it is not loaded, -ENOSPC: it has none. */
const struct kplug_memory_ops *kplug_memory_get(enum kplug_buffer_kind kind);

extern const struct kplug_memory_ops kplug_memory_paged, kplug_memory_contiguous;

#endif /* KPLUG_MEMORY_H */
