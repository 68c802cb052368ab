// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps a contiguous buffer by pages of 2 MiB where both its address in the program and the memory's are multiples of
 * that. The entries are page frame numbers, as a driver's must be: such a mapping cannot be pinned; the map's can.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/compat.h"
#include "memory/kinds.h"

/* The mapping holds the map, the map the buffer, and the buffer this module. */
static unsigned long huge_pfn(struct vm_area_struct *vma, unsigned long addr)
{
	const struct kplug_buffer *buf = kplug_map_buffer(vma->vm_private_data);
	unsigned long page = linear_page_index(vma, addr) & (KPLUG_BUFFER_PAGES - 1);

	return page_to_pfn(buf->pages[0]) + page;
}

static vm_fault_t huge_fault_small(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, huge_pfn(vmf->vma, vmf->address));
}

static vm_fault_t huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = ALIGN_DOWN(vmf->address, PMD_SIZE);
	unsigned long pfn;

	if (order != PMD_SHIFT - PAGE_SHIFT || addr < vma->vm_start || vma->vm_end - addr < PMD_SIZE)
		return VM_FAULT_FALLBACK;
	pfn = huge_pfn(vma, addr);
	if (!IS_ALIGNED(pfn, PMD_SIZE >> PAGE_SHIFT))
		return VM_FAULT_FALLBACK;
	return kplug_insert_pmd(vmf, pfn);
}

static const struct vm_operations_struct huge_vm_ops = {
	.open = kplug_buffer_vma_open,
	.close = kplug_buffer_vma_close,
	.fault = huge_fault_small,
	.huge_fault = huge_fault,
};

int kplug_mmap_huge(struct kplug_buffer *buf, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP | VM_HUGEPAGE); /* where transparent_hugepage is "madvise", too */
	vma->vm_private_data = buf->map;
	vma->vm_ops = &huge_vm_ops;
	kplug_buffer_vma_open(vma);
	return 0;
}
