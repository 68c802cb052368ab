// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dma-buf of another driver as a buffer, if its exporter lets the kernel at the memory. It becomes a map as our own
 * memory does; programs map it by the exporter's mmap, so that its rules for the pages hold.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "buffer.h"
#include "device.h"

static struct page *page_at(const void *virt)
{
	return is_vmalloc_addr(virt) ? vmalloc_to_page(virt) : virt_to_page(virt);
}

/* Sets virt and, to compare with what the device sees and for nothing else, pages. */
static int look(struct kplug_buffer *buf)
{
	struct iosys_map map;
	unsigned long i;
	int err;

	err = dma_buf_vmap_unlocked(buf->dmabuf, &map);
	if (err)
		return err == -EINVAL ? -EOPNOTSUPP : err; /* it has no such op */
	if (map.is_iomem) {
		dma_buf_vunmap_unlocked(buf->dmabuf, &map);
		return -EOPNOTSUPP;
	}
	buf->virt = map.vaddr;
	for (i = 0; i < buf->count; i++)
		buf->pages[i] = page_at(buf->virt + (i << PAGE_SHIFT));
	return 0;
}

int kplug_import_take(struct kplug_buffer *buf, int fd)
{
	int err;

	buf->dmabuf = dma_buf_get(fd);
	if (IS_ERR(buf->dmabuf))
		return PTR_ERR(buf->dmabuf);
	err = -EACCES;
	if (!(buf->dmabuf->file->f_mode & FMODE_WRITE))
		goto err_put;
	err = -EMSGSIZE;
	if (buf->dmabuf->size < (size_t)buf->count << PAGE_SHIFT)
		goto err_put;
	err = -ENOMEM;
	buf->pages = kvmalloc_array(buf->count, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		goto err_put;
	err = look(buf);
	if (err)
		goto err_pages;
	return 0;

err_pages:
	kvfree(buf->pages);
err_put:
	dma_buf_put(buf->dmabuf);
	return err;
}

void kplug_import_end(struct kplug_buffer *buf)
{
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(buf->virt);

	dma_buf_vunmap_unlocked(buf->dmabuf, &map);
	kvfree(buf->pages);
	dma_buf_put(buf->dmabuf);
}

int kplug_import_map(struct kplug_buffer *buf)
{
	int err;

	buf->at = dma_buf_attach(buf->dmabuf, buf->kdev->desc.parent);
	if (IS_ERR(buf->at))
		return PTR_ERR(buf->at);
	buf->imported = dma_buf_map_attachment_unlocked(buf->at, DMA_BIDIRECTIONAL);
	if (IS_ERR(buf->imported)) {
		err = PTR_ERR(buf->imported);
		goto err_detach;
	}
	buf->dma = sg_dma_address(buf->imported->sgl);
	err = -EIO;
	if (kplug_dma_bounces(buf->kdev->desc.parent, buf->dma, buf->pages, buf->count))
		goto err_unmap;
	return 0;

err_unmap:
	dma_buf_unmap_attachment_unlocked(buf->at, buf->imported, DMA_BIDIRECTIONAL);
err_detach:
	dma_buf_detach(buf->dmabuf, buf->at);
	return err;
}

void kplug_import_unmap(struct kplug_buffer *buf)
{
	dma_buf_unmap_attachment_unlocked(buf->at, buf->imported, DMA_BIDIRECTIONAL);
	dma_buf_detach(buf->dmabuf, buf->at);
}
