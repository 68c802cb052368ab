// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps registers into a program's address space. Faults insert the pages, and each checks that the device is alive. If
 * mmap() inserted them, a removal could miss them: the kernel lists the mapping only afterwards.
 */
#include <linux/fs.h>
#include <linux/mm.h>

#include "core/device.h"
#include "node/node.h"

static u32 bar_of(unsigned long pgoff)
{
	return ((u64)pgoff >> (40 - PAGE_SHIFT)) - 1;
}

/* Inserts the pages from the address on, up to 2 MiB. */
static vm_fault_t bar_insert(struct kplug_device *kdev, struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long end = min(vma->vm_end, vmf->address + PMD_SIZE), at;
	u32 bar = bar_of(vmf->pgoff);
	unsigned long pfn = kdev->desc.ops->bar_pfn(kdev, bar) + vmf->pgoff - (KPLUG_MMAP_BAR(bar) >> PAGE_SHIFT);
	vm_fault_t ret = VM_FAULT_NOPAGE;

	for (at = vmf->address; at < end && ret == VM_FAULT_NOPAGE; at += PAGE_SIZE)
		ret = vmf_insert_pfn(vma, at, pfn++);
	return ret;
}

static vm_fault_t bar_fault(struct vm_fault *vmf)
{
	struct kplug_file *kfile = vmf->vma->vm_file->private_data;
	struct kplug_device *kdev = kfile->kdev;
	vm_fault_t ret;

	/* Never wait: only a removal holds it, and that may wait for an ioctl that waits for our mmap_lock. */
	if (!percpu_down_read_trylock(&kdev->alive))
		return VM_FAULT_SIGBUS;
	ret = kdev->dead ? VM_FAULT_SIGBUS : bar_insert(kdev, vmf);
	kplug_device_leave(kdev);
	return ret;
}

static const struct vm_operations_struct bar_vm_ops = {
	.fault = bar_fault,
};

int kplug_bar_mmap(struct kplug_device *kdev, struct vm_area_struct *vma)
{
	u64 start, size = vma->vm_end - vma->vm_start;
	u32 bar = bar_of(vma->vm_pgoff);
	int err;

	err = kplug_device_reg_right(kdev);
	if (err)
		return err;
	if (!kdev->desc.ops->bar_pfn)
		return -ENODEV;
	start = ((u64)vma->vm_pgoff << PAGE_SHIFT) - KPLUG_MMAP_BAR(bar);
	if (bar >= KPLUG_BAR_MAX || start > kdev->desc.bar_size[bar] || size > kdev->desc.bar_size[bar] - start)
		return -ENXIO;
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP | VM_IO | VM_PFNMAP);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_ops = &bar_vm_ops;
	return 0;
}

void kplug_device_zap(struct kplug_device *kdev)
{
	struct kplug_file *kfile;

	/* A mapping holds its file open, so this finds all; each node made by mknod has an address_space of its own. */
	mutex_lock(&kdev->files_lock);
	list_for_each_entry(kfile, &kdev->files, list)
		unmap_mapping_range(kfile->file->f_mapping, KPLUG_MMAP_BAR(0),
				    KPLUG_MMAP_BAR(KPLUG_BAR_MAX) - KPLUG_MMAP_BAR(0), 1);
	mutex_unlock(&kdev->files_lock);
}
EXPORT_SYMBOL_GPL(kplug_device_zap);
