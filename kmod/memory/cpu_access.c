// SPDX-License-Identifier: GPL-2.0-only
/* Begins and ends the CPU's access to a buffer: only another driver's memory has something to do (KPLUG_DMA_ATTRS). */
#include <linux/fs.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/device.h"
#include "memory/kinds.h"

/* An imported buffer, with its map held; NULL: there is nothing to do. */
static struct kplug_buffer *access_get(struct kplug_device *kdev, const struct kplug_buffer_access *arg)
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

int cpu_access(struct kplug_device *kdev, const struct kplug_buffer_access *arg)
{
	u32 ways = KPLUG_ACCESS_READ | KPLUG_ACCESS_WRITE;
	struct kplug_buffer *buf;
	int err;

	if (arg->flags & ~(ways | KPLUG_ACCESS_END) || !(arg->flags & ways) || arg->reserved || !arg->bytes)
		return -EINVAL;
	err = kplug_device_enter(kdev);
	if (err)
		return err;
	buf = access_get(kdev, arg);
	kplug_device_leave(kdev);
	if (IS_ERR_OR_NULL(buf))
		return PTR_ERR_OR_ZERO(buf);
	err = kplug_dmabuf_access(buf, arg->flags);
	bpf_map_put(buf->map);
	return err;
}
