// SPDX-License-Identifier: GPL-2.0-only
/* Maps a buffer into a program through the device's node: read-only, which a map's fd cannot be, or huge. */
#include <linux/fs.h>
#include <linux/mm.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/device.h"

void kplug_buffer_vma_open(struct vm_area_struct *vma)
{
	bpf_map_inc(vma->vm_private_data);
}
EXPORT_SYMBOL_GPL(kplug_buffer_vma_open);

void kplug_buffer_vma_close(struct vm_area_struct *vma)
{
	bpf_map_put(vma->vm_private_data);
}
EXPORT_SYMBOL_GPL(kplug_buffer_vma_close);

/* No fault handler: all pages are inserted at once, and there are none past the end. */
static const struct vm_operations_struct buffer_vm_ops = {
	.open = kplug_buffer_vma_open,
	.close = kplug_buffer_vma_close,
};

/*
 * An exporter's mmap() makes the mapping one of its own file, and may set vm_ops of its own. Else ours hold the map:
 * those that bpf() has set must not stay on a file that is not a map's.
 */
int kplug_buffer_mmap_pages(struct kplug_buffer *buf, unsigned long pgoff, struct vm_area_struct *vma)
{
	unsigned long count = vma_pages(vma);
	int err;

	vma->vm_ops = &buffer_vm_ops;
	if (buf->memory->mmap)
		err = buf->memory->mmap(buf, pgoff, vma);
	else
		err = vm_insert_pages(vma, vma->vm_start, buf->pages + pgoff, &count);
	if (!err && vma->vm_ops == &buffer_vm_ops) {
		vma->vm_private_data = buf->map;
		kplug_buffer_vma_open(vma);
	}
	return err;
}

int kplug_buffer_mmap(struct kplug_device *kdev, u32 id, unsigned long pgoff, bool huge, struct vm_area_struct *vma)
{
	bool write = vma->vm_flags & VM_WRITE;
	unsigned long count = vma_pages(vma);
	struct kplug_buffer *buf;

	if ((write && !huge) || !(vma->vm_flags & VM_MAYSHARE)) /* VM_SHARED: of writers only */
		return -EACCES;
	guard(mutex)(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list) {
		if (buf->id != id)
			continue;
		if (kplug_rights_check(&buf->rights, MAY_READ | (write ? MAY_WRITE : 0)))
			return -EACCES;
		if (pgoff > buf->count || count > buf->count - pgoff)
			return -ENXIO;
		vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, (write ? 0 : VM_MAYWRITE) | VM_MAYEXEC);
		if (huge && buf->memory->mmap_huge)
			return buf->memory->mmap_huge(buf, vma);
		if (huge && !(buf->memory->flags & KPLUG_MEMORY_HUGE))
			return -EOPNOTSUPP;
		return kplug_buffer_mmap_pages(buf, pgoff, vma);
	}
	return -ENXIO;
}
