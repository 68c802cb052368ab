// SPDX-License-Identifier: GPL-2.0-only
/* A buffer in a program, by an mmap of the device's node: read-only, since a map's fd cannot be mapped so, or huge. */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/mm.h>

#include "buffer/buffer.h"
#include "core/device.h"
#include "buffer/map.h"

void kplug_buffer_vma_open(struct vm_area_struct *vma)
{
	kplug_map_get(vma->vm_private_data);
}

void kplug_buffer_vma_close(struct vm_area_struct *vma)
{
	kplug_map_put(vma->vm_private_data);
}

/* No fault handler: all pages are there from the start, and there are none past the end. */
static const struct vm_operations_struct vm_ops = {
	.open = kplug_buffer_vma_open,
	.close = kplug_buffer_vma_close,
};

/*
 * By its exporter. The mapping is of the dma-buf's file from then on; one without ops of the exporter's own keeps ours,
 * and with them the buffer.
 */
int kplug_buffer_mmap_imported(struct kplug_buffer *buf, unsigned long pgoff, struct vm_area_struct *vma)
{
	int err;

	if (pgoff > buf->count || vma_pages(vma) > buf->count - pgoff) /* the dma-buf may have more */
		return -ENXIO;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = buf->map;
	vma->vm_ops = &vm_ops;
	err = dma_buf_mmap(buf->dmabuf, vma, pgoff);
	if (!err && vma->vm_ops == &vm_ops) {
		vma->vm_private_data = buf->map;
		kplug_buffer_vma_open(vma);
	}
	return err;
}

/* By their numbers: what can be pinned the kernel may map again, in the usual way, which must not be. */
int kplug_buffer_mmap_wc(struct page **pages, unsigned long count, unsigned long pgoff, struct vm_area_struct *vma)
{
	if (pgoff > count || vma_pages(vma) > count - pgoff)
		return -ENXIO;
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(pages[pgoff]), vma_pages(vma) << PAGE_SHIFT,
			       vma->vm_page_prot);
}

static int map_pages(struct kplug_buffer *buf, unsigned long pgoff, struct vm_area_struct *vma)
{
	unsigned long count = vma_pages(vma);
	int err;

	if (buf->kind == KPLUG_BUFFER_WC)
		err = kplug_buffer_mmap_wc(buf->pages, buf->count, pgoff, vma);
	else
		err = vm_insert_pages(vma, vma->vm_start, buf->pages + pgoff, &count);
	if (err)
		return err;
	vma->vm_private_data = buf->map;
	vma->vm_ops = &vm_ops;
	kplug_buffer_vma_open(vma);
	return 0;
}

int kplug_buffer_mmap(struct kplug_device *kdev, u32 id, unsigned long pgoff, bool huge, struct vm_area_struct *vma)
{
	bool write = vma->vm_flags & VM_WRITE;
	unsigned long count = vma_pages(vma);
	struct kplug_buffer *buf;
	struct bpf_map *map;
	int err;

	if ((write && !huge) || !(vma->vm_flags & VM_MAYSHARE)) /* VM_SHARED: of writers only */
		return -EACCES;
	guard(mutex)(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list) {
		if (buf->id != id)
			continue;
		if (kplug_rights_check(&buf->rights, MAY_READ | (write ? MAY_WRITE : 0)))
			return -EACCES;
		if (pgoff > buf->count || count > buf->count - pgoff || !kplug_map_get(buf->map))
			return -ENXIO;
		vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, (write ? 0 : VM_MAYWRITE) | VM_MAYEXEC);
		map = buf->map;
		if (huge)
			err = kplug_buffer_mmap_huge(buf, vma);
		else
			err = buf->dmabuf ? kplug_buffer_mmap_imported(buf, pgoff, vma) : map_pages(buf, pgoff, vma);
		kplug_map_put(map);
		return err;
	}
	return -ENXIO;
}
