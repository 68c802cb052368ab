// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kind `contiguous`, as the page allocator gives it: up to its largest order. Single pages, since a program may pin
 * them and each is freed with its last pin. kplug_memory.ko has a second row for what is larger or not to be had here.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "buffer/buffer.h"

static struct page *alloc_on(int node, gfp_t gfp, unsigned int order)
{
	return node == NUMA_NO_NODE ? alloc_pages(gfp, order) : alloc_pages_node(node, gfp | __GFP_THISNODE, order);
}

/*
 * As alloc_pages(), charged to the caller's memory cgroup. -EDQUOT: there is memory, and only the cgroup has no room;
 * migration, which is not charged to it, must not be the way around.
 */
static struct page *alloc_charged(int node, gfp_t gfp, unsigned int order)
{
	struct page *page, *there;

	page = alloc_on(node, gfp | __GFP_ACCOUNT, order);
	if (page)
		return page;
	there = alloc_on(node, gfp | __GFP_NORETRY, order);
	if (!there)
		return NULL;
	__free_pages(there, order);
	return alloc_on(node, gfp | __GFP_ACCOUNT, order) ?: ERR_PTR(-EDQUOT);
}

/* Page by page: free_contig_range() WARNs of pages that a program still pins. */
static void free_pages_of(const struct kplug_buffer *buf, struct page *page)
{
	unsigned long i;

	for (i = 0; i < buf->count; i++) {
		__free_page(page + i);
		cond_resched();
	}
}

/* The allocator gives powers of two; free the tail at once. NULL or an ERR_PTR, as above. */
static struct page *alloc_in_zone(const struct kplug_buffer *buf, u64 limit, gfp_t zone)
{
	u64 bytes = (u64)buf->count << PAGE_SHIFT;
	unsigned int order = get_order(bytes);
	struct page *page;
	unsigned long i;

	if (order > MAX_PAGE_ORDER)
		return NULL;
	page = alloc_charged(buf->node, GFP_KERNEL | __GFP_NOWARN | __GFP_ZERO | zone, order);
	if (IS_ERR_OR_NULL(page))
		return page;
	split_page(page, order);
	for (i = buf->count; i < 1UL << order; i++)
		__free_page(page + i);
	if (page_to_phys(page) + bytes - 1 <= limit)
		return page;
	free_pages_of(buf, page);
	return NULL;
}

static struct page *alloc_below(const struct kplug_buffer *buf, u64 limit)
{
	bool low = buf->charge.used[KPLUG_LIMIT_LOW_BYTES]; /* else low zones are for others */
	struct page *page = NULL;

	if (limit >= DMA_BIT_MASK(33))
		page = alloc_in_zone(buf, limit, 0);
	if (!page && limit > DMA_BIT_MASK(24) && (low || limit < DMA_BIT_MASK(33)))
		page = alloc_in_zone(buf, limit, GFP_DMA32);
	if (!page && (low || limit <= DMA_BIT_MASK(24)))
		page = alloc_in_zone(buf, limit, GFP_DMA);
	return page;
}

int kplug_contiguous_set(struct kplug_buffer *buf, struct page *page)
{
	unsigned long i;

	buf->pages = kvmalloc_array(buf->count, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		return -ENOMEM;
	for (i = 0; i < buf->count; i++)
		buf->pages[i] = page + i;
	buf->virt = page_address(page);
	return 0;
}
EXPORT_SYMBOL_GPL(kplug_contiguous_set);

int kplug_contiguous_get(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, u64 limit)
{
	struct page *page = alloc_below(buf, limit);
	int err;

	if (IS_ERR_OR_NULL(page))
		return page ? PTR_ERR(page) : -ENOSPC;
	err = kplug_contiguous_set(buf, page);
	if (err)
		free_pages_of(buf, page);
	return err;
}
EXPORT_SYMBOL_GPL(kplug_contiguous_get);

void kplug_contiguous_put(struct kplug_buffer *buf)
{
	free_pages_of(buf, buf->pages[0]);
	kvfree(buf->pages);
}
EXPORT_SYMBOL_GPL(kplug_contiguous_put);

const struct kplug_memory_ops kplug_memory_contiguous = {
	.owner = THIS_MODULE,
	.kind = KPLUG_BUFFER_CONTIGUOUS,
	.flags = KPLUG_MEMORY_HUGE | KPLUG_MEMORY_EXPORT,
	.get = kplug_contiguous_get,
	.put = kplug_contiguous_put,
};
