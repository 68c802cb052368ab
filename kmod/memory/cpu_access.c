// SPDX-License-Identifier: GPL-2.0-only
/*
 * Begin and end of the CPU's access to a buffer. Ours are coherent (see KPLUG_DMA_ATTRS), so only of an imported one
 * somebody has to hear: its exporter.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fs.h>

#include "buffer/buffer.h"
#include "core/device.h"

#define DIRECTIONS (KPLUG_ACCESS_READ | KPLUG_ACCESS_WRITE)

static int check(const struct kplug_buffer *buf, const struct kplug_buffer_access *arg)
{
	int mask = (arg->flags & KPLUG_ACCESS_READ ? MAY_READ : 0) | (arg->flags & KPLUG_ACCESS_WRITE ? MAY_WRITE : 0);

	if (arg->offset > buf->bytes || arg->bytes > buf->bytes - arg->offset)
		return -ERANGE;
	return kplug_rights_check(&buf->rights, mask);
}

/* The dma-buf of a buffer on the list, held; NULL: it has none. */
static struct dma_buf *find(struct kplug_device *kdev, const struct kplug_buffer_access *arg)
{
	struct kplug_buffer *buf;
	int err;

	guard(mutex)(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list) {
		if (buf->map_id != arg->map_id)
			continue;
		err = check(buf, arg);
		if (err)
			return ERR_PTR(err);
		if (buf->dmabuf)
			get_dma_buf(buf->dmabuf);
		return buf->dmabuf;
	}
	return ERR_PTR(-ENOENT);
}

static enum dma_data_direction direction(u32 flags)
{
	if ((flags & DIRECTIONS) == DIRECTIONS)
		return DMA_BIDIRECTIONAL;
	return flags & KPLUG_ACCESS_WRITE ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

int kplug_buffer_access(struct kplug_device *kdev, const struct kplug_buffer_access *arg)
{
	struct dma_buf *dmabuf;
	int err;

	if (arg->flags & ~(DIRECTIONS | KPLUG_ACCESS_END) || !(arg->flags & DIRECTIONS) || arg->reserved || !arg->bytes)
		return -EINVAL;
	err = kplug_device_enter(kdev);
	if (err)
		return err;
	dmabuf = find(kdev, arg);
	kplug_device_leave(kdev);
	if (IS_ERR_OR_NULL(dmabuf))
		return PTR_ERR_OR_ZERO(dmabuf);
	if (arg->flags & KPLUG_ACCESS_END)
		err = dma_buf_end_cpu_access(dmabuf, direction(arg->flags));
	else
		err = dma_buf_begin_cpu_access(dmabuf, direction(arg->flags));
	dma_buf_put(dmabuf);
	return err;
}
