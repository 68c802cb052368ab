// SPDX-License-Identifier: GPL-2.0-only
/*
 * A contiguous buffer in a program by pages of 2 MiB, where both its place and the memory's are at such a boundary. By
 * their numbers, as a driver must: such a mapping cannot be pinned, which the map's can.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "buffer/buffer.h"
#include "core/compat.h"
#include "buffer/map.h"

/* The mapping holds the map, which has the buffer. */
static unsigned long pfn_at(struct vm_area_struct *vma, unsigned long addr)
{
	const struct kplug_buffer *buf = kplug_map_buffer(vma->vm_private_data);
	unsigned long page = linear_page_index(vma, addr) & (KPLUG_BUFFER_PAGES - 1);

	return page_to_pfn(buf->pages[0]) + page;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, pfn_at(vmf->vma, vmf->address));
}

static vm_fault_t __maybe_unused huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = ALIGN_DOWN(vmf->address, PMD_SIZE);
	unsigned long pfn;

	if (order != PMD_SHIFT - PAGE_SHIFT || addr < vma->vm_start || vma->vm_end - addr < PMD_SIZE)
		return VM_FAULT_FALLBACK;
	pfn = pfn_at(vma, addr);
	if (!IS_ALIGNED(pfn, PMD_SIZE >> PAGE_SHIFT))
		return VM_FAULT_FALLBACK;
	return kplug_insert_pmd(vmf, pfn);
}

static const struct vm_operations_struct vm_ops = {
	.open = kplug_buffer_vma_open,
	.close = kplug_buffer_vma_close,
	KPLUG_HUGE_FAULT(huge_fault).fault = fault,
};

int kplug_buffer_mmap_huge(struct kplug_buffer *buf, struct vm_area_struct *vma)
{
	if (buf->kind != KPLUG_BUFFER_CONTIGUOUS)
		return -EOPNOTSUPP;
	vm_flags_set(vma, VM_PFNMAP | VM_HUGEPAGE); /* where /sys/kernel/mm/transparent_hugepage says madvise, too */
	vma->vm_private_data = buf->map;
	vma->vm_ops = &vm_ops;
	kplug_buffer_vma_open(vma);
	return 0;
}
