// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kind `imported`: a dma-buf of another driver whose exporter lets the kernel access the memory. It becomes a map
 * as our own memory does; programs map it by the exporter's mmap, so that its rules for the pages hold.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/device.h"
#include "dma/dma.h"
#include "memory/kinds.h"

struct import {
	struct dma_buf *dmabuf; /* held */
	/* Maps nothing: some exporters keep memory in its place for as long as something is attached. */
	struct dma_buf_attachment *anchor;
	struct dma_buf_attachment *at; /* of the parent, while mapped */
	struct sg_table *sgt;
	struct kplug_charge rest; /* what the dma-buf has beyond the buffer is mapped, too */
	unsigned long count; /* of the dma-buf's pages, which may be more than the buffer's */
	struct page *pages[] __counted_by(count); /* only to compare with what the device sees */
};

static struct page *page_at(const void *virt)
{
	return is_vmalloc_addr(virt) ? vmalloc_to_page(virt) : virt_to_page(virt);
}

/* The kernel WARNs of an exporter that has vmap() and fails in it (dma_buf_vmap() in drivers/dma-buf/dma-buf.c). */
static int import_vmap(struct import *im, void **ret_virt)
{
	struct iosys_map map;
	unsigned long i;
	int err;

	err = dma_buf_vmap_unlocked(im->dmabuf, &map);
	if (err)
		return err == -EINVAL ? -EOPNOTSUPP : err; /* it has no vmap() */
	if (map.is_iomem) {
		dma_buf_vunmap_unlocked(im->dmabuf, &map);
		return -EOPNOTSUPP;
	}
	for (i = 0; i < im->count; i++)
		im->pages[i] = page_at(map.vaddr + (i << PAGE_SHIFT));
	*ret_virt = map.vaddr;
	return 0;
}

static int import_open(struct import *im, struct kplug_buffer *buf)
{
	int err;

	if (im->dmabuf->ops->pin) /* it moves memory that is attached */
		return -EOPNOTSUPP;
	im->anchor = dma_buf_attach(im->dmabuf, &buf->kdev->dev);
	if (IS_ERR(im->anchor))
		return PTR_ERR(im->anchor);
	err = import_vmap(im, &buf->virt);
	if (err)
		dma_buf_detach(im->dmabuf, im->anchor);
	return err;
}

static int import_get(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, u64 limit)
{
	struct dma_buf *dmabuf;
	struct import *im;
	int err;

	if (arg->arena_addr)
		return -EINVAL;
	dmabuf = dma_buf_get(arg->memory_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	err = -EACCES;
	if (!(dmabuf->file->f_mode & FMODE_WRITE))
		goto err_put;
	err = -EMSGSIZE;
	if (dmabuf->size >> PAGE_SHIFT < buf->count)
		goto err_put;
	err = -ENOMEM;
	im = kvzalloc(struct_size(im, pages, dmabuf->size >> PAGE_SHIFT), GFP_KERNEL_ACCOUNT);
	if (!im)
		goto err_put;
	im->dmabuf = dmabuf;
	im->count = dmabuf->size >> PAGE_SHIFT;
	err = kplug_charge(&im->rest, buf->kdev, im->count - buf->count);
	if (err)
		goto err_free;
	err = import_open(im, buf);
	if (err)
		goto err_uncharge;
	buf->priv = im;
	return 0;

err_uncharge:
	kplug_uncharge(&im->rest);
err_free:
	kvfree(im);
err_put:
	dma_buf_put(dmabuf);
	return err;
}

static void import_put(struct kplug_buffer *buf)
{
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(buf->virt);
	struct import *im = buf->priv;

	dma_buf_vunmap_unlocked(im->dmabuf, &map);
	dma_buf_detach(im->dmabuf, im->anchor);
	dma_buf_put(im->dmabuf);
	kplug_uncharge(&im->rest);
	kvfree(im);
}

/* The exporter maps all of it, by its own rules. */
static int import_attach(struct import *im, struct device *parent)
{
	int err;

	err = kplug_dma_possible(parent, im->pages, im->count);
	if (err)
		return err;
	im->at = dma_buf_attach(im->dmabuf, parent);
	if (IS_ERR(im->at))
		return PTR_ERR(im->at);
	im->sgt = dma_buf_map_attachment_unlocked(im->at, DMA_BIDIRECTIONAL);
	if (!IS_ERR(im->sgt))
		return 0;
	dma_buf_detach(im->dmabuf, im->at);
	return PTR_ERR(im->sgt);
}

static void import_unmap_dma(struct kplug_buffer *buf)
{
	struct import *im = buf->priv;

	dma_buf_unmap_attachment_unlocked(im->at, im->sgt, DMA_BIDIRECTIONAL);
	dma_buf_detach(im->dmabuf, im->at);
}

static int import_map_dma(struct kplug_buffer *buf, u32 bits)
{
	struct import *im = buf->priv;
	int err;

	err = kplug_dma_lock_mask(buf->kdev, bits);
	if (err)
		return err;
	err = import_attach(im, buf->kdev->desc.parent);
	kplug_dma_unlock_mask(buf->kdev);
	if (err)
		return err;
	buf->dma = sg_dma_address(im->sgt->sgl);
	if (!kplug_dma_bounces(buf->kdev->desc.parent, buf->dma, im->pages, buf->count))
		return 0;
	import_unmap_dma(buf);
	return -EIO;
}

static int import_mmap(struct kplug_buffer *buf, unsigned long pgoff, struct vm_area_struct *vma)
{
	struct import *im = buf->priv;

	if (pgoff > buf->count || vma_pages(vma) > buf->count - pgoff)
		return -ENXIO;
	return dma_buf_mmap(im->dmabuf, vma, pgoff);
}

static int import_access(struct kplug_buffer *buf, u32 flags)
{
	bool read = flags & KPLUG_ACCESS_READ, write = flags & KPLUG_ACCESS_WRITE;
	enum dma_data_direction dir = read && write ? DMA_BIDIRECTIONAL : write ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	struct import *im = buf->priv;

	return flags & KPLUG_ACCESS_END ? dma_buf_end_cpu_access(im->dmabuf, dir)
					: dma_buf_begin_cpu_access(im->dmabuf, dir);
}

const struct kplug_memory_ops kplug_memory_dmabuf = {
	.owner = THIS_MODULE,
	.kind = KPLUG_BUFFER_IMPORTED,
	.flags = KPLUG_MEMORY_FOREIGN,
	.get = import_get,
	.put = import_put,
	.map_dma = import_map_dma,
	.unmap_dma = import_unmap_dma,
	.mmap = import_mmap,
};

/* An imported buffer, with its map held; NULL: there is nothing to do. */
static struct kplug_buffer *import_find(struct kplug_device *kdev, const struct kplug_buffer_access *arg)
{
	int mask = (arg->flags & KPLUG_ACCESS_READ ? MAY_READ : 0) | (arg->flags & KPLUG_ACCESS_WRITE ? MAY_WRITE : 0);
	struct kplug_buffer *buf;

	guard(mutex)(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list) {
		if (buf->map->id != arg->map_id)
			continue;
		if (arg->offset > buf->bytes || arg->bytes > buf->bytes - arg->offset)
			return ERR_PTR(-ERANGE);
		if (kplug_rights_check(&buf->rights, mask))
			return ERR_PTR(-EACCES);
		if (buf->memory != &kplug_memory_dmabuf)
			return NULL;
		bpf_map_inc(buf->map);
		return buf;
	}
	return ERR_PTR(-ENOENT);
}

int kplug_dmabuf_access(struct kplug_device *kdev, const struct kplug_buffer_access *arg)
{
	u32 ways = KPLUG_ACCESS_READ | KPLUG_ACCESS_WRITE;
	struct kplug_buffer *buf;
	int err;

	if (arg->flags & ~(ways | KPLUG_ACCESS_END) || !(arg->flags & ways) || arg->reserved || !arg->bytes)
		return -EINVAL;
	err = kplug_device_enter(kdev);
	if (err)
		return err;
	buf = import_find(kdev, arg);
	kplug_device_leave(kdev);
	if (IS_ERR_OR_NULL(buf))
		return PTR_ERR_OR_ZERO(buf);
	err = import_access(buf, arg->flags);
	bpf_map_put(buf->map);
	return err;
}
