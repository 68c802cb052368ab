// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physically contiguous memory of any size, as single pages: a program may pin them, and each goes with its last pin.
 */
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/hugetlb.h>
#include <linux/jiffies.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "buffer/buffer.h"
#include "core/compat.h"

static bool below(struct page *page, unsigned long count, u64 limit)
{
	return page_to_phys(page) + ((u64)count << PAGE_SHIFT) - 1 <= limit;
}

static struct page *alloc_on(int node, gfp_t gfp, unsigned int order)
{
	return node == NUMA_NO_NODE ? alloc_pages(gfp, order) : alloc_pages_node(node, gfp | __GFP_THISNODE, order);
}

/*
 * As alloc_pages(), charged to the caller. -EDQUOT if there is memory and only his memory cgroup has no room for it:
 * migration, which it is not charged for, must not get around that.
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

/* From the buddy allocator, which gives powers of two: the tail goes back at once. NULL or an ERR_PTR, as above. */
static struct page *from_buddy(const struct kplug_buffer *buf, u64 limit, gfp_t zone)
{
	unsigned long count = buf->count;
	unsigned int order = get_order((u64)count << PAGE_SHIFT);
	struct page *page;
	unsigned long i;

	if (order > MAX_PAGE_ORDER)
		return NULL;
	page = alloc_charged(buf->node, GFP_KERNEL | __GFP_NOWARN | __GFP_ZERO | zone, order);
	if (IS_ERR_OR_NULL(page))
		return page;
	split_page(page, order);
	for (i = count; i < 1UL << order; i++)
		__free_page(page + i);
	if (below(page, count, limit))
		return page;
	for (i = 0; i < count; i++)
		__free_page(page + i);
	return NULL;
}

static struct page *try_zones(const struct kplug_buffer *buf, u64 limit)
{
	struct page *page = NULL;

	if (limit >= DMA_BIT_MASK(33))
		page = from_buddy(buf, limit, 0);
	if (!page && limit > DMA_BIT_MASK(24))
		page = from_buddy(buf, limit, GFP_DMA32);
	if (!page)
		page = from_buddy(buf, limit, GFP_DMA);
	return page;
}

/* Could these pages be moved away? A quick look; alloc_contig_range() decides. */
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

/* Up to which page number a device with this limit reaches into a zone. */
static unsigned long reached_end(const struct zone *zone, u64 limit)
{
	return min_t(u64, zone_end_pfn(zone), (limit >> PAGE_SHIFT) + 1);
}

/* NULL: there is no such range; -ETIME: nor was there the time to look at all. */
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
		if (usable(zone, pfn, count) && !kplug_alloc_contig_range(pfn, pfn + count, GFP_KERNEL | __GFP_NOWARN))
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
	struct page *page = NULL;
	int node, z;

	/* The kernel's own loops over zones are not for modules. */
	for_each_online_node(node)
		for (z = ZONE_MOVABLE - 1; wanted(buf, node) && z >= 0 && !page; z--)
			page = from_zone(&NODE_DATA(node)->node_zones[z], buf->count, limit, deadline);
	return page;
}

/* Adds its pages that the device reaches, and, if there are any, those that are or could be free. */
static void add_zone(struct zone *zone, u64 limit, unsigned long *reached, unsigned long *free)
{
	unsigned long end = reached_end(zone, limit);

	if (end <= zone->zone_start_pfn)
		return;
	*reached += min(zone_managed_pages(zone), end - zone->zone_start_pfn);
	*free += zone_page_state(zone, NR_FREE_PAGES) + zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
		 zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
}

/* Why there is nothing in one piece: is it too much for what the device reaches, for what is free there, or neither? */
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

/*
 * By moving other pages away; works without CMA. These pages are not charged by the kernel, so the caller's
 * RLIMIT_MEMLOCK is.
 */
static struct page *by_migration(struct kplug_buffer *buf, u64 limit, unsigned long deadline)
{
	struct page *page;
	unsigned long i;

	if (account_locked_vm(current->mm, buf->count, true))
		return ERR_PTR(-EDQUOT);
	page = from_any_zone(buf, limit, deadline);
	if (IS_ERR_OR_NULL(page)) {
		account_locked_vm(current->mm, buf->count, false);
		return page ?: ERR_PTR(shortage(buf, limit));
	}
	buf->locked_mm = current->mm;
	mmgrab(buf->locked_mm);
	for (i = 0; i < buf->count; i++) {
		clear_highpage(page + i);
		cond_resched();
	}
	return page;
}

/* Page by page: free_contig_range() would warn of pages that a user still pins. */
static void put_pages(struct kplug_buffer *buf)
{
	unsigned long i;

	for (i = 0; i < buf->count; i++) {
		__free_page(buf->pages[i]);
		cond_resched();
	}
	if (buf->locked_mm) {
		account_locked_vm(buf->locked_mm, buf->count, false);
		mmdrop(buf->locked_mm);
	}
	kvfree(buf->pages);
}

/*
 * Has the kernel's own mapping of the memory write-combining, too: two mappings must not differ in that. It breaks the
 * direct map's large pages for good. On a failure some of it may have changed.
 */
static int combine_writes(const struct kplug_buffer *buf)
{
#ifdef CONFIG_X86
	unsigned long addr = (unsigned long)buf->virt;

	if (!set_memory_wc(addr, buf->count))
		return 0;
	set_memory_wb(addr, buf->count);
#endif
	return -ENOMEM;
}

static void do_not_combine_writes(const struct kplug_buffer *buf)
{
#ifdef CONFIG_X86
	set_memory_wb((unsigned long)buf->virt, buf->count);
#endif
}

int kplug_contig_alloc(struct kplug_buffer *buf, u64 limit, u32 timeout_ms)
{
	unsigned long deadline = jiffies + (timeout_ms ? msecs_to_jiffies(timeout_ms) : MAX_JIFFY_OFFSET);
	struct page *page;
	unsigned long i;
	int err;

	buf->pages = kvmalloc_array(buf->count, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		return -ENOMEM;
	page = try_zones(buf, limit);
	if (!page)
		page = by_migration(buf, limit, deadline);
	if (IS_ERR(page)) {
		kvfree(buf->pages);
		return PTR_ERR(page);
	}
	for (i = 0; i < buf->count; i++)
		buf->pages[i] = page + i;
	buf->virt = page_address(page);
	if (buf->kind != KPLUG_BUFFER_WC)
		return 0;
	err = combine_writes(buf);
	if (err)
		put_pages(buf);
	return err;
}

void kplug_contig_free(struct kplug_buffer *buf)
{
	if (buf->kind == KPLUG_BUFFER_WC)
		do_not_combine_writes(buf);
	put_pages(buf);
}
