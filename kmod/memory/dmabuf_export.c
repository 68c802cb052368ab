// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports a buffer as a dma-buf, for drivers of other devices (Documentation/driver-api/dma-buf.rst). It holds pages
 * and map, so it survives the device's removal. Like a buffer it never bounces, so there is nothing to sync.
 */
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/device.h"
#include "dma/dma.h"
#include "memory/kinds.h"

struct exported {
	struct bpf_map *map; /* held */
	void *virt; /* NULL: an arena */
	bool wc; /* write-combining */
	unsigned long count;
	struct page *pages[] __counted_by(count); /* a reference of each */
};

static int export_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *at)
{
	return dev_is_dma_coherent(at->dev) ? 0 : -EOPNOTSUPP;
}

static struct sg_table *export_map_dma(struct dma_buf_attachment *at, enum dma_data_direction dir)
{
	struct exported *e = at->dmabuf->priv;
	struct sg_table *sgt;
	int err;

	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL_ACCOUNT);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	err = kplug_dma_map(at->dev, e->pages, e->count, 0, at->dmabuf->size, sgt);
	if (err) {
		kfree(sgt);
		return ERR_PTR(err);
	}
	return sgt;
}

static void export_unmap_dma(struct dma_buf_attachment *at, struct sg_table *sgt, enum dma_data_direction dir)
{
	kplug_dma_unmap(at->dev, sgt);
	kfree(sgt);
}

static int export_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct exported *e = dmabuf->priv;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	if (e->wc)
		return kplug_wc_mmap(e->pages, e->count, vma->vm_pgoff, vma);
	return vm_map_pages(vma, e->pages, e->count);
}

static int export_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct exported *e = dmabuf->priv;

	iosys_map_set_vaddr(map, e->virt);
	return 0;
}

static void export_put(struct exported *e)
{
	unsigned long i;

	for (i = 0; i < e->count; i++)
		put_page(e->pages[i]);
	bpf_map_put(e->map);
	kvfree(e);
}

static void export_release(struct dma_buf *dmabuf)
{
	export_put(dmabuf->priv);
}

#define EXPORT_OPS                                                                                                     \
	.attach = export_attach, .map_dma_buf = export_map_dma, .unmap_dma_buf = export_unmap_dma,                     \
	.mmap = export_mmap, .release = export_release

static const struct dma_buf_ops export_ops = {
	EXPORT_OPS,
	.vmap = export_vmap,
};

/* No vmap(), of which the kernel WARNs if it fails: an arena has none, and write-combining memory is slow to read. */
static const struct dma_buf_ops without_vmap_ops = {
	EXPORT_OPS,
};

static struct exported *export_get(const struct kplug_buffer *buf)
{
	struct exported *e;
	unsigned long i;

	e = kvzalloc(struct_size(e, pages, buf->count), GFP_KERNEL_ACCOUNT);
	if (!e)
		return ERR_PTR(-ENOMEM);
	bpf_map_inc(buf->map);
	e->map = buf->map;
	e->virt = buf->virt;
	e->wc = buf->memory->flags & KPLUG_MEMORY_SLOW_READ;
	e->count = buf->count;
	for (i = 0; i < e->count; i++) {
		e->pages[i] = buf->pages[i];
		get_page(e->pages[i]);
	}
	return e;
}

static struct exported *export_by_name(struct kplug_device *kdev, const char *name)
{
	const struct kplug_buffer *buf;
	int err;

	guard(mutex)(&kdev->buffer_lock);
	buf = kplug_buffer_find(kdev, name, 0);
	if (!buf)
		return ERR_PTR(-ENOENT);
	if (!(buf->memory->flags & KPLUG_MEMORY_EXPORT) || buf->parts > 1)
		return ERR_PTR(-EOPNOTSUPP);
	err = kplug_rights_check(&buf->rights, MAY_READ | MAY_WRITE);
	return err ? ERR_PTR(err) : export_get(buf);
}

int kplug_dmabuf_export(struct kplug_device *kdev, struct kplug_buffer_export *arg)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct exported *e;

	if (arg->reserved || !kplug_buffer_name_ok(arg->name))
		return -EINVAL;
	e = export_by_name(kdev, arg->name);
	if (IS_ERR(e))
		return PTR_ERR(e);
	info.ops = e->virt && !e->wc ? &export_ops : &without_vmap_ops;
	info.size = (size_t)e->count << PAGE_SHIFT;
	info.flags = O_RDWR;
	info.priv = e;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		export_put(e);
		return PTR_ERR(dmabuf);
	}
	arg->out_fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (arg->out_fd < 0)
		dma_buf_put(dmabuf);
	return min(arg->out_fd, 0);
}
