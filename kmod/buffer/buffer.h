/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_BUFFER_H
#define KPLUG_BUFFER_H

#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/rcupdate.h>
#include <linux/scatterlist.h>
#include <linux/uidgid.h>

#include "buffer/memory.h"

struct bpf_map;

/* Who may use a buffer, beside the rights of the device's node: as a file's owner, group and mode. See rights.c. */
struct kplug_rights {
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
};

/* What the caller asks for. Errors: as of KPLUG_BUFFER_ALLOC. */
int kplug_rights_init(struct kplug_rights *rights, const struct kplug_buffer_alloc *arg);
/* May the caller? wanted: MAY_READ, MAY_WRITE or both. 0 or -EACCES. */
int kplug_rights_check(const struct kplug_rights *rights, int wanted);
/*
 * May the caller, whose open file is `kfile` with this id, read and write the memory at device addresses
 * [addr, addr + len)? One buffer or umem of the file, or one buffer that its mode gives to the caller, without
 * regard to capabilities, for which a security module may sleep on PREEMPT_RT. 0 or -EACCES.
 * The caller holds the RCU read lock. Takes O(log n) of the device's buffers, and O(m log n) of the file's m umems of n
 * pieces: what other files lock costs this one nothing.
 */
int kplug_dma_check(struct kplug_device *kdev, struct kplug_file *kfile, u64 file, u64 addr, u64 len);

/*
 * Memory that the device reaches while the buffer is on its list. Its owner, an open file or the device itself, ends
 * that. The map, and with it the memory, lives on while a program, an fd or a mapping holds it.
 *
 * Native (KPLUG_MEMORY_NATIVE): the map is the kernel's own, with its own memory. Backed: the map stands on the
 * buffer's pages, and freeing the map frees the buffer. Constant but for what names a lock. get() sets the members
 * under "memory".
 */
struct kplug_buffer {
	struct list_head list; /* kplug_device.buffers while published: written under buffer_lock, read under RCU */
	struct kplug_ended ended;
	struct kplug_device *kdev; /* held */
	const struct kplug_memory_ops *memory; /* its module is held */
	struct bpf_map *map; /* held while published; native: until deleted */
	struct kplug_charge charge;
	u64 owner; /* id of the open file, see kplug_reader.file; 0: the device. Under buffer_lock */
	char name[KPLUG_BUFFER_NAME_LEN];
	u16 part, parts; /* which, of how many under this name; 0 of 1 for most */
	u32 id;
	u32 dma_bits; /* what the request asked for */
	int node; /* NUMA_NO_NODE: any */
	struct kplug_rights rights;
	size_t bytes;
	unsigned long count; /* of pages */

	/* memory */
	struct page **pages; /* NULL: another driver's */
	void *virt; /* as plugins see it; NULL: an arena, which they see in their own way */
	u64 user_addr; /* arena: where programs map it */
	void *priv; /* the row's own */

	dma_addr_t dma; /* of the first byte; mapped until the buffer leaves the quarantine */
	struct sg_table sgt; /* where the row has no map_dma() */
};

static inline bool kplug_buffer_native(const struct kplug_buffer *buf)
{
	return buf->memory->flags & KPLUG_MEMORY_NATIVE;
}

void kplug_buffer_init(struct kplug_device *kdev);
/*
 * Put all buffers and umems of an open file, or of the device (0), into quarantine. Returns how many of this owner are
 * there then.
 */
u32 kplug_memory_end(struct kplug_device *kdev, u64 owner);

/*
 * See KPLUG_BUFFER_ALLOC, _INFO, _KEEP and _FREE. The device is entered, but not for alloc, which does so itself.
 * owner: the open file that asks. -ENOPKG: load kplug_memory.ko, then retry.
 */
int kplug_buffer_alloc(struct kplug_device *kdev, u64 owner, struct kplug_buffer_alloc *arg);
int kplug_buffer_info(struct kplug_device *kdev, struct kplug_buffer_info *arg);
int kplug_buffer_keep(struct kplug_device *kdev, u64 owner, const struct kplug_buffer_name *arg);
/* Takes the buffer off the device's list, onto one of struct kplug_ended. */
int kplug_buffer_free(struct kplug_device *kdev, u64 owner, const struct kplug_buffer_name *arg,
		      struct list_head *list);

/*
 * quarantine.c. Gives back what is on a list of struct kplug_ended if the device is quiet; else quarantines it.
 * The device is entered, so that removal waits. Waits for a grace period.
 */
void kplug_ended_finish(struct kplug_device *kdev, struct list_head *list, bool quiet);
/* Give back what an open file, or anybody (0), has in quarantine. */
void kplug_quarantine_end(struct kplug_device *kdev, u64 owner);
unsigned long kplug_quarantine_pages(struct kplug_device *kdev);

/* See KPLUG_DMA_UNLOCK. As kplug_buffer_free(). */
int kplug_umem_unlock(struct kplug_device *kdev, u64 owner, const struct kplug_dma_unlock *arg, struct list_head *list);

/*
 * kplug_memory.ko's commands. Lock, entries and access enter the device themselves; for export it is entered.
 * Lock, access and export: -ENOPKG: it is not loaded.
 */
int kplug_umem_lock(struct kplug_file *kfile, struct kplug_dma_lock *arg);
int kplug_umem_entries(struct kplug_file *kfile, struct kplug_dma_entries *arg);
/* Has one umem of the file the device addresses [addr, addr + len)? Under RCU. */
bool kplug_umem_covers(struct kplug_file *kfile, u64 addr, u64 len);
int kplug_buffer_export(struct kplug_device *kdev, struct kplug_buffer_export *arg);
int kplug_buffer_access(struct kplug_device *kdev, const struct kplug_buffer_access *arg);

/* Frees memory and buffer. Backed: the map's last user is gone. Process context. */
void kplug_buffer_delete(struct kplug_buffer *buf);

/* list.c */
bool kplug_buffer_name_ok(const char *name);
/* The part of this name, or NULL. The caller holds buffer_lock. */
struct kplug_buffer *kplug_buffer_find(struct kplug_device *kdev, const char *name, u32 part);
/*
 * Let it be found by its addresses, or no longer. The caller holds buffer_lock. -EBUSY: another buffer has some of this
 * memory, which would have two device addresses, or of its device addresses, which would have two owners.
 */
int kplug_buffer_index(struct kplug_buffer *buf);
void kplug_buffer_unindex(struct kplug_buffer *buf);
/* The buffer that has device addresses [addr, addr + len), or NULL. Under RCU. */
const struct kplug_buffer *kplug_buffer_at_dma(struct kplug_device *kdev, u64 addr, u64 len);
/* The device's address of [mem, mem + len) if one buffer covers it, else 0. Any context. */
u64 kplug_buffer_virt_to_dma(struct kplug_device *kdev, const void *mem, size_t len);

/* contiguous.c: get() and put() of physically contiguous memory. */
int kplug_contiguous_get(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, u64 limit);
void kplug_contiguous_put(struct kplug_buffer *buf);
/* Set buf->pages and virt to pages in a row, from `page` on; -ENOMEM. */
int kplug_contiguous_set(struct kplug_buffer *buf, struct page *page);

/* mmap.c. A mapping's page offset has the page of the buffer in its low bits (KPLUG_MMAP_BUFFER, _HUGE). */
#define KPLUG_BUFFER_PAGES (1UL << (32 - PAGE_SHIFT))
/* Map a buffer into a program, read-only or huge: see KPLUG_MMAP_BUFFER and KPLUG_MMAP_HUGE. */
int kplug_buffer_mmap(struct kplug_device *kdev, u32 id, unsigned long pgoff, bool huge, struct vm_area_struct *vma);
/* Its last step, with the row's mmap() if it has one. The range is checked. */
int kplug_buffer_mmap_pages(struct kplug_buffer *buf, unsigned long pgoff, struct vm_area_struct *vma);
/* Of mappings that hold their buffer's map, which is their vm_private_data. */
void kplug_buffer_vma_open(struct vm_area_struct *vma);
void kplug_buffer_vma_close(struct vm_area_struct *vma);

#endif /* KPLUG_BUFFER_H */
