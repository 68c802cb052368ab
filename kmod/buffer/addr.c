// SPDX-License-Identifier: GPL-2.0-only
/* Which buffer of a device an address is in. */
#include <linux/export.h>
#include <linux/rculist.h>

#include "buffer/buffer.h"
#include "core/device.h"
#include "memory/umem.h"

u64 kplug_buffer_virt_to_dma(struct kplug_device *kdev, const void *mem, size_t len)
{
	const struct kplug_buffer *buf;
	u64 addr = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(buf, &kdev->buffers, list) {
		size_t offset = mem - buf->virt;

		if (buf->virt && mem >= buf->virt && offset <= buf->bytes && len <= buf->bytes - offset) {
			addr = buf->dma + offset;
			break;
		}
	}
	rcu_read_unlock();
	return addr;
}

void *kplug_device_dma_to_virt(struct kplug_device *kdev, u64 dma_addr, size_t len)
{
	const struct kplug_buffer *buf;

	list_for_each_entry_rcu(buf, &kdev->buffers, list) {
		u64 offset = dma_addr - buf->dma;

		if (buf->virt && dma_addr >= buf->dma && offset <= buf->bytes && len <= buf->bytes - offset)
			return buf->virt + offset;
	}
	return kplug_lock_dma_to_virt(kdev, dma_addr, len);
}
EXPORT_SYMBOL_GPL(kplug_device_dma_to_virt);
