// SPDX-License-Identifier: GPL-2.0-only
/* The kind `wc`: contiguous memory that is write-combining in the kernel's mapping and in every program's. */
#include <linux/mm.h>
#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "buffer/buffer.h"
#include "memory/kinds.h"

#ifndef CONFIG_X86
static inline int set_memory_wc(unsigned long addr, int count)
{
	return -EOPNOTSUPP;
}

static inline int set_memory_wb(unsigned long addr, int count)
{
	return 0;
}
#endif

/*
 * The kernel's own mapping becomes write-combining, too: two mappings must not differ in that. This splits the direct
 * map's large pages for good. A failure may leave some pages changed.
 */
static int wc_get(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, u64 limit)
{
	unsigned long addr;
	int err;

	if (!IS_ENABLED(CONFIG_X86))
		return -EOPNOTSUPP;
	err = kplug_contiguous_get(buf, arg, limit);
	if (err == -ENOSPC)
		err = kplug_migrate_get(buf, arg, limit);
	if (err)
		return err;
	addr = (unsigned long)buf->virt;
	if (!set_memory_wc(addr, buf->count))
		return 0;
	set_memory_wb(addr, buf->count);
	kplug_contiguous_put(buf);
	return -ENOMEM;
}

static void wc_put(struct kplug_buffer *buf)
{
	set_memory_wb((unsigned long)buf->virt, buf->count);
	kplug_contiguous_put(buf);
}

static int wc_mmap(struct kplug_buffer *buf, unsigned long pgoff, struct vm_area_struct *vma)
{
	return kplug_wc_mmap(buf->pages, buf->count, pgoff, vma);
}

const struct kplug_memory_ops kplug_memory_wc = {
	.owner = THIS_MODULE,
	.kind = KPLUG_BUFFER_WC,
	.flags = KPLUG_MEMORY_SLOW_READ | KPLUG_MEMORY_EXPORT,
	.get = wc_get,
	.put = wc_put,
	.mmap = wc_mmap,
};

/* By page frame numbers: a page that can be pinned the kernel may map again as usual memory, which must not be. */
int kplug_wc_mmap(struct page **pages, unsigned long count, unsigned long pgoff, struct vm_area_struct *vma)
{
	if (pgoff > count || vma_pages(vma) > count - pgoff)
		return -ENXIO;
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(pages[pgoff]), vma_pages(vma) << PAGE_SHIFT,
			       vma->vm_page_prot);
}
