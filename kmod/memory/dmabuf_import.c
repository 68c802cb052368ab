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

#include "buffer/buffer.h"
#include "core/device.h"

static unsigned long pages_of(const struct dma_buf *dmabuf)
{
	return dmabuf->size >> PAGE_SHIFT;
}

static struct page *page_at(const void *virt)
{
	return is_vmalloc_addr(virt) ? vmalloc_to_page(virt) : virt_to_page(virt);
}

/* Sets virt and, to compare with what the device sees and for nothing else, all pages of the dma-buf. */
static int look(struct kplug_buffer *buf)
{
	struct iosys_map map;
	unsigned long i;
	int err;

	/* The kernel warns of an exporter that has this op and fails in it (dma_buf_vmap() in dma-buf.c). */
	err = dma_buf_vmap_unlocked(buf->dmabuf, &map);
	if (err)
		return err == -EINVAL ? -EOPNOTSUPP : err; /* it has no such op */
	if (map.is_iomem) {
		dma_buf_vunmap_unlocked(buf->dmabuf, &map);
		return -EOPNOTSUPP;
	}
	buf->virt = map.vaddr;
	for (i = 0; i < pages_of(buf->dmabuf); i++)
		buf->pages[i] = page_at(buf->virt + (i << PAGE_SHIFT));
	return 0;
}

/*
 * Some exporters keep memory in its place for as long as something is attached, so a second attachment, which maps
 * nothing, lasts as long as the buffer does. Others move it nevertheless, and tell; they are not for us.
 */
static int anchor(struct kplug_buffer *buf)
{
	if (buf->dmabuf->ops->pin)
		return -EOPNOTSUPP;
	buf->anchor = dma_buf_attach(buf->dmabuf, &buf->kdev->dev);
	return PTR_ERR_OR_ZERO(buf->anchor);
}

static int check(const struct kplug_buffer *buf)
{
	if (!(buf->dmabuf->file->f_mode & FMODE_WRITE))
		return -EACCES;
	return pages_of(buf->dmabuf) < buf->count ? -EMSGSIZE : 0;
}

int kplug_import_take(struct kplug_buffer *buf, int fd)
{
	int err;

	buf->dmabuf = dma_buf_get(fd);
	if (IS_ERR(buf->dmabuf))
		return PTR_ERR(buf->dmabuf);
	err = check(buf);
	if (err)
		goto err_put;
	err = -ENOMEM;
	buf->pages = kvmalloc_array(pages_of(buf->dmabuf), sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		goto err_put;
	err = anchor(buf);
	if (err)
		goto err_pages;
	err = look(buf);
	if (err)
		goto err_detach;
	return 0;

err_detach:
	dma_buf_detach(buf->dmabuf, buf->anchor);
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
	dma_buf_detach(buf->dmabuf, buf->anchor);
	kvfree(buf->pages);
	dma_buf_put(buf->dmabuf);
}

static int attach(struct kplug_buffer *buf)
{
	struct device *parent = buf->kdev->desc.parent;
	int err;

	/* The exporter maps all of it, by its own rules. */
	err = kplug_dma_possible(parent, buf->pages, pages_of(buf->dmabuf));
	if (err)
		return err;
	buf->at = dma_buf_attach(buf->dmabuf, parent);
	if (IS_ERR(buf->at))
		return PTR_ERR(buf->at);
	buf->imported = dma_buf_map_attachment_unlocked(buf->at, DMA_BIDIRECTIONAL);
	if (!IS_ERR(buf->imported))
		return 0;
	dma_buf_detach(buf->dmabuf, buf->at);
	return PTR_ERR(buf->imported);
}

int kplug_import_map(struct kplug_buffer *buf)
{
	int err;

	err = attach(buf);
	if (err)
		return err;
	buf->dma = sg_dma_address(buf->imported->sgl);
	if (kplug_dma_bounces(buf->kdev->desc.parent, buf->dma, buf->pages, buf->count)) {
		kplug_import_unmap(buf);
		return -EIO;
	}
	kvfree(buf->pages);
	buf->pages = NULL;
	return 0;
}

void kplug_import_unmap(struct kplug_buffer *buf)
{
	dma_buf_unmap_attachment_unlocked(buf->at, buf->imported, DMA_BIDIRECTIONAL);
	dma_buf_detach(buf->dmabuf, buf->at);
}
