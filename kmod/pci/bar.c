// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps registers into a program's address space. Faults insert the pages, and each checks that the device is alive. If
 * mmap() inserted them, a removal could miss them: the kernel lists the mapping only afterwards.
 */
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sched.h>

#include "core/device.h"
#include "pci/pci.h"

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
	resource_size_t start = pci_resource_start(to_pci_dev(kdev->desc.parent), bar);
	unsigned long pfn = PHYS_PFN(start) + vmf->pgoff - (KPLUG_MMAP_BAR(bar) >> PAGE_SHIFT);
	vm_fault_t ret = VM_FAULT_NOPAGE;

	for (at = vmf->address; at < end && ret == VM_FAULT_NOPAGE; at += PAGE_SIZE)
		ret = vmf_insert_pfn(vma, at, pfn++);
	return ret;
}

/*
 * The device is alive. During a reset the access faults again and again, rather than wait with our mmap_lock. Fenced
 * while nobody has the lock, it waits to recover from an error, perhaps in vain.
 */
static vm_fault_t bar_insert_fenced(struct kplug_device *kdev, struct vm_fault *vmf)
{
	struct pci_side *side = kdev->desc.priv;
	vm_fault_t ret;

	if (!down_read_trylock(&side->reset_lock)) {
		schedule_timeout_uninterruptible(1); /* the one that resets may need this CPU */
		return VM_FAULT_NOPAGE;
	}
	ret = side->fence ? VM_FAULT_SIGBUS : bar_insert(kdev, vmf);
	up_read(&side->reset_lock);
	return ret;
}

static vm_fault_t bar_fault(struct vm_fault *vmf)
{
	struct kplug_device *kdev = vmf->vma->vm_private_data;
	vm_fault_t ret;

	/* Never wait: only a removal holds it, and that may wait for an ioctl that waits for our mmap_lock. */
	if (!percpu_down_read_trylock(&kdev->alive))
		return VM_FAULT_SIGBUS;
	ret = kdev->dead ? VM_FAULT_SIGBUS : bar_insert_fenced(kdev, vmf);
	kplug_device_leave(kdev);
	return ret;
}

/*
 * A mapping may outlive the bind: the vma holds its open file, which holds the device and this module
 * (kplug_device_hold()). So vm_private_data and this code are there for as long as the vma is.
 */
static const struct vm_operations_struct bar_vm_ops = {
	.fault = bar_fault,
};

int kplug_pci_bar_mmap(struct kplug_device *kdev, struct vm_area_struct *vma)
{
	u64 start, size = vma->vm_end - vma->vm_start;
	u32 bar = bar_of(vma->vm_pgoff);

	start = ((u64)vma->vm_pgoff << PAGE_SHIFT) - KPLUG_MMAP_BAR(bar);
	if (bar >= KPLUG_BAR_MAX || start > kdev->desc.bar_size[bar] || size > kdev->desc.bar_size[bar] - start)
		return -ENXIO;
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP | VM_IO | VM_PFNMAP);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = kdev;
	vma->vm_ops = &bar_vm_ops;
	return 0;
}
