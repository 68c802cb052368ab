// SPDX-License-Identifier: GPL-2.0-only
/* A buffer in a program, read-only: an mmap of the device's node, for a map's fd cannot be mapped so. */
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/mm.h>

#include "buffer.h"
#include "device.h"
#include "map.h"

static void vma_open(struct vm_area_struct *vma)
{
	kplug_map_get(vma->vm_private_data);
}

static void vma_close(struct vm_area_struct *vma)
{
	kplug_map_put(vma->vm_private_data);
}

/* No fault handler: all pages are there from the start, and there are none past the end. */
static const struct vm_operations_struct vm_ops = {
	.open = vma_open,
	.close = vma_close,
};

/* Takes the caller's reference of the buffer's map. */
static int map_buffer(struct kplug_buffer *buf, struct bpf_map *map, unsigned long pgoff, struct vm_area_struct *vma)
{
	unsigned long count = vma_pages(vma);
	int err;

	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYWRITE | VM_MAYEXEC);
	if (buf->dmabuf)
		err = kplug_import_mmap(buf, vma, pgoff);
	else
		err = vm_insert_pages(vma, vma->vm_start, buf->pages + pgoff, &count);
	if (err || buf->dmabuf) {
		kplug_map_put(map);
		return err;
	}
	vma->vm_private_data = map;
	vma->vm_ops = &vm_ops;
	return 0;
}

int kplug_buffer_mmap(struct kplug_device *kdev, u32 id, unsigned long pgoff, struct vm_area_struct *vma)
{
	unsigned long count = vma_pages(vma);
	struct kplug_buffer *buf;

	if (vma->vm_flags & VM_WRITE || !(vma->vm_flags & VM_MAYSHARE)) /* VM_SHARED: of writers only */
		return -EACCES;
	guard(mutex)(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list) {
		if (buf->id != id)
			continue;
		if (kplug_rights_check(&buf->rights, MAY_READ))
			return -EACCES;
		if (pgoff > buf->count || count > buf->count - pgoff || !kplug_map_get(buf->map))
			return -ENXIO;
		return map_buffer(buf, buf->map, pgoff, vma);
	}
	return -ENXIO;
}
