// SPDX-License-Identifier: GPL-2.0-only
/* The kind `paged`: an unmodified array map of the kernel's own, of which an IOMMU makes one range. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "buffer/buffer.h"
#include "buffer/map.h"

static int paged_set_pages(struct kplug_buffer *buf)
{
	unsigned long i;

	for (i = 0; i < buf->count; i++) {
		buf->pages[i] = vmalloc_to_page(buf->virt + (i << PAGE_SHIFT));
		/* To a map the node is a wish only. */
		if (buf->node != NUMA_NO_NODE && page_to_nid(buf->pages[i]) != buf->node)
			return -ENOMEM;
	}
	return 0;
}

static void paged_put(struct kplug_buffer *buf)
{
	bpf_map_put(buf->map);
	kvfree(buf->pages);
}

static int paged_get(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, u64 limit)
{
	int err;

	/* Before the kernel refuses an array it kills programs for it. */
	if (si_mem_available() < (long)buf->count)
		return -ENOMEM;
	err = kplug_map_create(buf);
	if (err)
		return err;
	buf->pages = kvmalloc_array(buf->count, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	err = buf->pages ? paged_set_pages(buf) : -ENOMEM;
	if (err)
		paged_put(buf);
	return err;
}

const struct kplug_memory_ops kplug_memory_paged = {
	.owner = THIS_MODULE,
	.kind = KPLUG_BUFFER_PAGED,
	.flags = KPLUG_MEMORY_NATIVE | KPLUG_MEMORY_TRANSLATED | KPLUG_MEMORY_EXPORT,
	.get = paged_get,
	.put = paged_put,
};
