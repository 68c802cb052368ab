/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of kplug_memory.ko, and its calls: see struct kplug_memory_module. */
#ifndef KPLUG_KINDS_H
#define KPLUG_KINDS_H

#include "buffer/memory.h"

struct page;
struct vm_area_struct;

extern const struct kplug_memory_ops kplug_memory_large, kplug_memory_wc, kplug_memory_arena, kplug_memory_dmabuf;

/* migrate.c: get() of contiguous memory that the page allocator does not have. Undone by kplug_contiguous_put(). */
int kplug_migrate_get(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, u64 limit);
/* huge.c: see mmap_huge of struct kplug_memory_ops. */
int kplug_mmap_huge(struct kplug_buffer *buf, struct vm_area_struct *vma);
/* wc.c: map `count` write-combining pages, from page pgoff on. */
int kplug_wc_mmap(struct page **pages, unsigned long count, unsigned long pgoff, struct vm_area_struct *vma);

/* dmabuf_import.c, dmabuf_export.c */
int kplug_dmabuf_access(struct kplug_device *kdev, const struct kplug_buffer_access *arg);
int kplug_dmabuf_export(struct kplug_device *kdev, struct kplug_buffer_export *arg);

/* umem.c */
int umem_lock(struct kplug_file *kfile, struct kplug_dma_lock *arg);
int umem_entries(struct kplug_file *kfile, struct kplug_dma_entries *arg);
bool umem_covers(struct kplug_file *kfile, u64 addr, u64 len);
void *umem_dma_to_virt(struct kplug_device *kdev, u64 addr, size_t len);

#endif /* KPLUG_KINDS_H */
