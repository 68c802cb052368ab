/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_BUFFER_H
#define KPLUG_BUFFER_H

#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/rcupdate.h>
#include <linux/scatterlist.h>

#include "kplug_uapi.h"
#include "buffer/rights.h"

struct bpf_map;
struct dma_buf;
struct dma_buf_attachment;
struct kplug_device;

/*
 * A contiguous or imported buffer belongs to its map: the map's last user ends it (kplug_buffer_end_owned). The others
 * hold a map of the kernel's own: a worker ends them when nobody else does. Constant but for what names its lock.
 */
struct kplug_buffer {
	struct list_head list; /* in kplug_device.buffers while the device can reach it; buffer_lock, read under RCU */
	struct list_head ending; /* on the list of whoever ends it, if it holds its map */
	struct rcu_head rcu;
	struct kplug_device *kdev; /* held */
	struct bpf_map *map; /* held; if it belongs to it: only while `kept` */
	char name[KPLUG_BUFFER_NAME_LEN];
	u16 part, parts; /* which, of how many under this name; 0 of 1 for most */
	struct bpf_map **others; /* of part 0: the maps of the others, held; NULL: there are none */
	u32 id;
	u32 map_id;
	enum kplug_buffer_kind kind;
	int node; /* NUMA_NO_NODE: any */
	bool kept; /* KPLUG_BUFFER_KEEP; under buffer_lock */
	bool withdrawn; /* no longer on the list, nor mapped for the device; under buffer_lock */
	struct kplug_rights rights;
	size_t bytes;
	unsigned long count; /* of pages */
	struct page **pages;
	void *virt; /* what plugins see; NULL: an arena, which they see in their own way */
	u64 user_addr; /* arena: where programs map it */
	dma_addr_t dma;
	struct sg_table sgt; /* paged and arena */
	struct dma_buf *dmabuf; /* imported, with its anchor; the other two until it is withdrawn */
	struct dma_buf_attachment *anchor, *at;
	struct sg_table *imported;
	struct mm_struct *locked_mm; /* whose RLIMIT_MEMLOCK it counts against, or NULL */
};

/* See KPLUG_BUFFER_ALLOC, _INFO, _FREE and _EXPORT. The caller has entered the device. */
int kplug_buffer_export(struct kplug_device *kdev, struct kplug_buffer_export *arg);
int kplug_buffer_alloc(struct kplug_device *kdev, struct kplug_buffer_alloc *arg);
int kplug_buffer_info(struct kplug_device *kdev, struct kplug_buffer_info *arg);
int kplug_buffer_free(struct kplug_device *kdev, const struct kplug_buffer_free *arg);

/* access.c: see KPLUG_BUFFER_ACCESS. The caller has not entered the device, since an exporter may wait for long. */
int kplug_buffer_access(struct kplug_device *kdev, const struct kplug_buffer_access *arg);

/* Maps write-combining pages, of which there are `count`, from page pgoff on. */
int kplug_buffer_mmap_wc(struct page **pages, unsigned long count, unsigned long pgoff, struct vm_area_struct *vma);

/* Of a mapping's page offset: which page of the buffer it is (KPLUG_MMAP_BUFFER, _HUGE). */
#define KPLUG_BUFFER_PAGES (1UL << (32 - PAGE_SHIFT))

/* Maps a buffer into a program: read-only, or huge; see KPLUG_MMAP_BUFFER and KPLUG_MMAP_HUGE. */
int kplug_buffer_mmap(struct kplug_device *kdev, u32 id, unsigned long pgoff, bool huge, struct vm_area_struct *vma);
/* Its last step: the ranges are checked. */
int kplug_buffer_mmap_huge(struct kplug_buffer *buf, struct vm_area_struct *vma);
/* Of mappings that hold their buffer's map, which is their vm_private_data. */
void kplug_buffer_vma_open(struct vm_area_struct *vma);
void kplug_buffer_vma_close(struct vm_area_struct *vma);
/* An imported one, from page pgoff on. The caller holds its map. */
int kplug_buffer_mmap_imported(struct kplug_buffer *buf, unsigned long pgoff, struct vm_area_struct *vma);

/*
 * parts.c: has the first of several parts hold the others. Undone by kplug_parts_put(), in any case. -ENOENT: one is
 * not there, or of another kind or with other rights. The caller of the first holds the buffer_lock.
 */
int kplug_parts_hold(struct kplug_buffer *buf);
void kplug_parts_put(struct kplug_buffer *buf);

/* Does it hold its map for as long as it lives? Nothing tells that such a map has lost its last user: it is reaped. */
static inline bool kplug_buffer_holds_map(const struct kplug_buffer *buf)
{
	return buf->kind == KPLUG_BUFFER_PAGED || buf->kind == KPLUG_BUFFER_ARENA;
}

/* buffer_find.c */
bool kplug_buffer_name_ok(const char *name);
/* Has it a user? If not, its worker is about to take it off the list, and its name is free. */
bool kplug_buffer_used(const struct kplug_buffer *buf);
/* The part of this name that is not about to end, or NULL. The caller holds buffer_lock. */
struct kplug_buffer *kplug_buffer_find(struct kplug_device *kdev, const char *name, u32 part);

u32 kplug_buffer_count(struct kplug_device *kdev);

/* The device's address of [mem, mem + len) if one buffer covers it, else 0. Any context. */
u64 kplug_buffer_virt_to_dma(struct kplug_device *kdev, const void *mem, size_t len);

/* Takes all buffers from the device, for its removal. The memory lives on with its users. */
void kplug_buffer_remove_all(struct kplug_device *kdev);

/* Work of kplug_device.reaper. */
void kplug_buffer_reap(struct work_struct *work);

/* The map that a buffer belongs to has no user left. Process context. */
void kplug_buffer_end_owned(struct kplug_buffer *buf);

/*
 * contig.c: buf->count zeroed pages of buf->node, physically contiguous, none above address `limit`, each with a
 * reference of its own. Sets buf->pages, virt and locked_mm. timeout_ms: 0: none. Errors: -EINTR, and as of
 * KPLUG_BUFFER_ALLOC.
 */
int kplug_contig_alloc(struct kplug_buffer *buf, u64 limit, u32 timeout_ms);
void kplug_contig_free(struct kplug_buffer *buf);

/*
 * arena.c: takes the arena behind an fd, which the caller has mapped at addr as a whole. Sets buf->map (held), map_id,
 * pages, user_addr and locked_mm. Errors: as of KPLUG_BUFFER_ALLOC. kplug_arena_end() lets go of the pages, but not of
 * map and buf->pages.
 */
int kplug_arena_take(struct kplug_buffer *buf, int fd, u64 addr);
void kplug_arena_end(struct kplug_buffer *buf);

/*
 * import.c: takes one. Sets buf->dmabuf (held), virt and, until it is mapped, pages. Undone by kplug_import_end().
 * kplug_import_map() maps it for the device, sets buf->dma, and is undone by kplug_import_unmap(). Errors: as of
 * KPLUG_BUFFER_ALLOC.
 */
int kplug_import_take(struct kplug_buffer *buf, int fd);
void kplug_import_end(struct kplug_buffer *buf);
int kplug_import_map(struct kplug_buffer *buf);
void kplug_import_unmap(struct kplug_buffer *buf);

/*
 * Of all mappings: they are made for cache-coherent devices only and never bounce, so there is nothing to sync; and the
 * same memory may be mapped more than once, which DMA-API debugging else complains of.
 */
#define KPLUG_DMA_ATTRS (DMA_ATTR_NO_WARN | DMA_ATTR_SKIP_CPU_SYNC)

/*
 * dma.c: maps pages for a device, in pieces that are as large as it lets them be, one behind an IOMMU: `bytes` from
 * `offset` in the first. -ENOMEM no memory or device addresses, -EIO it would be bounced. Undone by dma_unmap_sgtable()
 * with KPLUG_DMA_ATTRS and sg_free_table(). To be sure of the mask of one of ours, hold its buffer_lock.
 */
int kplug_dma_map_pages(struct device *dev, struct page **pages, unsigned long count, unsigned int offset, size_t bytes,
			struct sg_table *sgt);
/* Can they be mapped? The same errors. Asked before others map them: the kernel warns of what is above the mask. */
int kplug_dma_possible(struct device *dev, struct page **pages, unsigned long count);
/* Does the device see anything but these pages, in a row, from addr on? */
bool kplug_dma_bounces(struct device *dev, dma_addr_t addr, struct page **pages, unsigned long count);
/* Has the device use `page` in the place of each of the pages at addr, mapped by that; only behind an IOMMU. */
void kplug_dma_replace(struct kplug_device *kdev, dma_addr_t addr, unsigned long count, struct page *page);
/* The sizes of pages that the device's IOMMU can map by one entry, a bit each. */
unsigned long kplug_dma_page_sizes(struct kplug_device *kdev);

/*
 * Maps buf->pages for the device as one range; sets buf->dma. -EIO: the memory would be bounced or is not one
 * range. kplug_dma_unmap() undoes either. The caller of the second holds the device's buffer_lock.
 */
int kplug_dma_map_paged(struct kplug_buffer *buf);
int kplug_dma_map_contiguous(struct kplug_buffer *buf);
void kplug_dma_unmap(struct kplug_buffer *buf);

/* Makes `bits` the device's DMA mask. -ERANGE more than its bus side allows, -EIO not possible here. */
int kplug_dma_set_bits(struct kplug_device *kdev, u32 bits);
u32 kplug_dma_bits(struct kplug_device *kdev);
/* After a failed request for `bits`: the mask of the last one granted, unless another request has changed it. */
void kplug_dma_reset_bits(struct kplug_device *kdev, u32 bits);
/* When a device comes and goes: what its parent had is kept, and put back, for the next driver. */
void kplug_dma_begin(struct kplug_device *kdev);
void kplug_dma_end(struct kplug_device *kdev);
/* The highest address that memory for a device may have. */
u64 kplug_dma_limit(struct device *dev);
/* Does an IOMMU translate a device's addresses? */
bool kplug_dma_translated(struct device *dev);
bool kplug_dma_coherent(struct kplug_device *kdev);

#endif /* KPLUG_BUFFER_H */
