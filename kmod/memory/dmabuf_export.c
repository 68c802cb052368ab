// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer as a dma-buf, for drivers of other devices (Documentation/driver-api/dma-buf.rst). Its pages and its map are
 * held, so it lives on after the device's removal. Like a buffer it is never bounced, so there is nothing to sync.
 */
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "buffer/buffer.h"
#include "core/compat.h"
#include "core/device.h"
#include "buffer/map.h"

KPLUG_IMPORT_NS(DMA_BUF);

struct exported {
	struct bpf_map *map; /* held */
	void *virt; /* NULL: an arena */
	bool wc; /* write-combining */
	unsigned long count;
	struct page *pages[] __counted_by(count); /* a reference of each */
};

static int attach(struct dma_buf *dmabuf, struct dma_buf_attachment *at)
{
	return dev_is_dma_coherent(at->dev) ? 0 : -EOPNOTSUPP;
}

static struct sg_table *map_dma(struct dma_buf_attachment *at, enum dma_data_direction dir)
{
	struct exported *e = at->dmabuf->priv;
	struct sg_table *sgt;
	int err;

	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	err = kplug_dma_map_pages(at->dev, e->pages, e->count, 0, at->dmabuf->size, sgt);
	if (err) {
		kfree(sgt);
		return ERR_PTR(err);
	}
	return sgt;
}

static void unmap_dma(struct dma_buf_attachment *at, struct sg_table *sgt, enum dma_data_direction dir)
{
	dma_unmap_sgtable(at->dev, sgt, DMA_BIDIRECTIONAL, KPLUG_DMA_ATTRS);
	sg_free_table(sgt);
	kfree(sgt);
}

static int map_user(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct exported *e = dmabuf->priv;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	if (e->wc)
		return kplug_buffer_mmap_wc(e->pages, e->count, vma->vm_pgoff, vma);
	return vm_map_pages(vma, e->pages, e->count);
}

static int map_kernel(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct exported *e = dmabuf->priv;

	iosys_map_set_vaddr(map, e->virt);
	return 0;
}

static void put(struct exported *e)
{
	unsigned long i;

	for (i = 0; i < e->count; i++)
		put_page(e->pages[i]);
	kplug_map_put(e->map);
	kvfree(e);
}

static void release(struct dma_buf *dmabuf)
{
	put(dmabuf->priv);
}

#define OPS .attach = attach, .map_dma_buf = map_dma, .unmap_dma_buf = unmap_dma, .mmap = map_user, .release = release

static const struct dma_buf_ops ops = {
	OPS,
	.vmap = map_kernel,
};

/* An op that fails would be warned of (dma_buf_vmap() in dma-buf.c). */
static const struct dma_buf_ops arena_ops = {
	OPS,
};

static struct exported *take(const struct kplug_buffer *buf)
{
	struct exported *e;
	unsigned long i;

	e = kvzalloc(struct_size(e, pages, buf->count), GFP_KERNEL_ACCOUNT);
	if (!e)
		return ERR_PTR(-ENOMEM);
	if (!kplug_map_get(buf->map)) {
		kvfree(e);
		return ERR_PTR(-ENOENT);
	}
	e->map = buf->map;
	e->virt = buf->virt;
	e->wc = buf->kind == KPLUG_BUFFER_WC;
	e->count = buf->count;
	for (i = 0; i < e->count; i++) {
		e->pages[i] = buf->pages[i];
		get_page(e->pages[i]);
	}
	return e;
}

static struct exported *take_by_name(struct kplug_device *kdev, const char *name)
{
	const struct kplug_buffer *buf;
	int err;

	guard(mutex)(&kdev->buffer_lock);
	buf = kplug_buffer_find(kdev, name, 0);
	if (!buf)
		return ERR_PTR(-ENOENT);
	if (buf->kind == KPLUG_BUFFER_IMPORTED || buf->parts > 1)
		return ERR_PTR(-EOPNOTSUPP);
	err = kplug_rights_check(&buf->rights, MAY_READ | MAY_WRITE);
	return err ? ERR_PTR(err) : take(buf);
}

int kplug_buffer_export(struct kplug_device *kdev, struct kplug_buffer_export *arg)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct exported *e;

	if (arg->reserved || !kplug_buffer_name_ok(arg->name))
		return -EINVAL;
	e = take_by_name(kdev, arg->name);
	if (IS_ERR(e))
		return PTR_ERR(e);
	info.ops = e->virt ? &ops : &arena_ops;
	info.size = (size_t)e->count << PAGE_SHIFT;
	info.flags = O_RDWR;
	info.priv = e;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		put(e);
		return PTR_ERR(dmabuf);
	}
	arg->out_fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (arg->out_fd < 0)
		dma_buf_put(dmabuf);
	return min(arg->out_fd, 0);
}
