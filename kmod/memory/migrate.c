// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous memory of any size: moves other pages out of a range (alloc_contig_range(), which works without CMA).
 * The second row of its kind: the core asks the page allocator first.
 */
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/hugetlb.h>
#include <linux/jiffies.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "buffer/buffer.h"
#include "core/compat.h"
#include "memory/kinds.h"

/* Could these pages be moved? A quick look; alloc_contig_range() decides. */
static bool usable(struct zone *zone, unsigned long start, unsigned long count)
{
	unsigned long pfn;

	for (pfn = start; pfn < start + count; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || page_zone(page) != zone || PageReserved(page) || PageHuge(page))
			return false;
		if (folio_maybe_dma_pinned(page_folio(page)))
			return false;
	}
	return true;
}

/* The end of what a device with this limit reaches of a zone, as a page frame number. */
static unsigned long reached_end(const struct zone *zone, u64 limit)
{
	return min_t(u64, zone_end_pfn(zone), (limit >> PAGE_SHIFT) + 1);
}

/* NULL: there is no such range; -ETIME: it ran out of time before it had looked at all. */
static struct page *from_zone(struct zone *zone, unsigned long count, u64 limit, unsigned long deadline)
{
	unsigned long step = max(roundup_pow_of_two(count) >> 2, pageblock_nr_pages);
	unsigned long end = reached_end(zone, limit);
	unsigned long pfn;

	for (pfn = ALIGN(zone->zone_start_pfn, step); pfn + count <= end; pfn += step) {
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		if (time_after(jiffies, deadline))
			return ERR_PTR(-ETIME);
		if (usable(zone, pfn, count) &&
		    !alloc_contig_range(pfn, pfn + count, ACR_FLAGS_NONE, GFP_KERNEL | __GFP_NOWARN))
			return pfn_to_page(pfn);
		cond_resched();
	}
	return NULL;
}

static bool wanted(const struct kplug_buffer *buf, int node)
{
	return buf->node == NUMA_NO_NODE || buf->node == node;
}

static struct page *from_any_zone(const struct kplug_buffer *buf, u64 limit, unsigned long deadline)
{
	/* The lowest 16 MiB are for those who can take no other. */
	int first = IS_ENABLED(CONFIG_ZONE_DMA) && !buf->charge.used[KPLUG_LIMIT_LOW_BYTES];
	struct page *page = NULL;
	int node, z;

	/* The kernel's own loops over zones are not for modules. */
	for_each_online_node(node)
		for (z = ZONE_MOVABLE - 1; wanted(buf, node) && z >= first && !page; z--)
			page = from_zone(&NODE_DATA(node)->node_zones[z], buf->count, limit, deadline);
	return page;
}

/* Add what the device reaches of a zone, and what of the zone is or could be free. */
static void add_zone(struct zone *zone, u64 limit, unsigned long *reached, unsigned long *free)
{
	unsigned long end = reached_end(zone, limit);

	if (end <= zone->zone_start_pfn)
		return;
	*reached += min(zone_managed_pages(zone), end - zone->zone_start_pfn);
	*free += zone_page_state(zone, NR_FREE_PAGES) + zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
		 zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
}

/* Why there is no range: more than the device reaches (-EFBIG), than is free (-ENOMEM), or only not in one piece. */
static int shortage(const struct kplug_buffer *buf, u64 limit)
{
	unsigned long reached = 0, free = 0;
	int node, z;

	for_each_online_node(node)
		for (z = 0; wanted(buf, node) && z < ZONE_MOVABLE; z++)
			add_zone(&NODE_DATA(node)->node_zones[z], limit, &reached, &free);
	if (reached < buf->count)
		return -EFBIG;
	return free < buf->count ? -ENOMEM : -ENOSPC;
}

int kplug_migrate_get(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, u64 limit)
{
	unsigned long deadline = jiffies + (arg->timeout_ms ? msecs_to_jiffies(arg->timeout_ms) : MAX_JIFFY_OFFSET);
	struct page *page;
	unsigned long i;
	int err;

	page = from_any_zone(buf, limit, deadline);
	err = IS_ERR(page) ? PTR_ERR(page) : page ? kplug_contiguous_set(buf, page) : shortage(buf, limit);
	if (err) {
		for (i = 0; !IS_ERR_OR_NULL(page) && i < buf->count; i++)
			__free_page(page + i);
		return err;
	}
	for (i = 0; i < buf->count; i++) {
		clear_highpage(page + i);
		cond_resched();
	}
	return 0;
}

const struct kplug_memory_ops kplug_memory_large = {
	.owner = THIS_MODULE,
	.kind = KPLUG_BUFFER_CONTIGUOUS,
	.flags = KPLUG_MEMORY_HUGE | KPLUG_MEMORY_EXPORT,
	.get = kplug_migrate_get,
	.put = kplug_contiguous_put,
	.mmap_huge = kplug_mmap_huge,
};
