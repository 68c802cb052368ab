// SPDX-License-Identifier: GPL-2.0-only
/* Device addresses: the mask, mapping, and the proof that what the device sees is the buffer and not a bounce copy. */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/swiotlb.h>

#include "buffer/buffer.h"
#include "core/device.h"

int kplug_dma_set_bits(struct kplug_device *kdev, u32 bits)
{
	if (!bits || bits > kdev->desc.dma_bits_max)
		return -ERANGE;
	return dma_set_mask_and_coherent(kdev->desc.parent, DMA_BIT_MASK(bits)) ? -EIO : 0;
}

u32 kplug_dma_bits(struct kplug_device *kdev)
{
	return fls64(dma_get_mask(kdev->desc.parent));
}

void kplug_dma_reset_bits(struct kplug_device *kdev, u32 bits)
{
	lockdep_assert_held(&kdev->buffer_lock);
	if (kplug_dma_bits(kdev) == bits)
		kplug_dma_set_bits(kdev, kdev->dma_bits);
}

void kplug_dma_begin(struct kplug_device *kdev)
{
	struct device *parent = kdev->desc.parent;

	kdev->found.mask = dma_get_mask(parent);
	kdev->found.coherent_mask = parent->coherent_dma_mask;
	kdev->found.segment = dma_get_max_seg_size(parent);
	kdev->dma_bits = kplug_dma_bits(kdev);
	dma_set_max_seg_size(parent, UINT_MAX); /* an IOMMU shows it all in one piece */
}

void kplug_dma_end(struct kplug_device *kdev)
{
	struct device *parent = kdev->desc.parent;

	dma_set_mask(parent, kdev->found.mask);
	dma_set_coherent_mask(parent, kdev->found.coherent_mask);
	dma_set_max_seg_size(parent, kdev->found.segment);
}

bool kplug_dma_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}

bool kplug_dma_coherent(struct kplug_device *kdev)
{
	return dev_is_dma_coherent(kdev->desc.parent);
}

u64 kplug_dma_limit(struct device *dev)
{
	if (kplug_dma_translated(dev))
		return U64_MAX;
	return min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
}

/* Without an IOMMU device and CPU addresses must be the same: what is not is swiotlb's. */
bool kplug_dma_bounces(struct device *dev, dma_addr_t addr, struct page **pages, unsigned long count)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	unsigned long i;

	for (i = 0; i < count; i++, addr += PAGE_SIZE) {
		phys_addr_t seen = domain ? iommu_iova_to_phys(domain, addr) : addr;

		if (seen != page_to_phys(pages[i]))
			return true;
	}
	return false;
}

static bool sg_bounces(struct device *dev, const struct sg_table *sgt, struct page **pages)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		unsigned int offset = offset_in_page(sg_dma_address(sg));
		unsigned long count = DIV_ROUND_UP((u64)offset + sg_dma_len(sg), PAGE_SIZE);

		if (kplug_dma_bounces(dev, sg_dma_address(sg) - offset, pages, count))
			return true;
		pages += count;
	}
	return false;
}

/*
 * Device addresses behind an IOMMU are aligned to the size and never 0. One must not ask for what cannot be: from then
 * on the kernel refuses all of this size (max32_alloc_size in iova.c), until an address is freed.
 */
static bool fits_mask(struct device *dev, unsigned long count)
{
	return !kplug_dma_translated(dev) || roundup_pow_of_two(count) <= dma_get_mask(dev) >> PAGE_SHIFT;
}

/* Asked before it is tried: swiotlb WARNs when its own memory is above the mask. */
static bool would_bounce(struct device *dev, struct page **pages, unsigned long count)
{
	u64 limit = kplug_dma_limit(dev);
	unsigned long i;

	if (kplug_dma_translated(dev))
		return false;
	if (is_swiotlb_force_bounce(dev))
		return true;
	for (i = 0; i < count; i++)
		if (page_to_phys(pages[i]) + PAGE_SIZE - 1 > limit)
			return true;
	return false;
}

int kplug_dma_possible(struct device *dev, struct page **pages, unsigned long count)
{
	if (!fits_mask(dev, count))
		return -ENOMEM;
	return would_bounce(dev, pages, count) ? -EIO : 0;
}

int kplug_dma_map_pages(struct device *dev, struct page **pages, unsigned long count, unsigned int offset, size_t bytes,
			struct sg_table *sgt)
{
	int err;

	err = kplug_dma_possible(dev, pages, count);
	if (err)
		return err;
	err = sg_alloc_table_from_pages_segment(sgt, pages, count, offset, bytes, dma_get_max_seg_size(dev),
						GFP_KERNEL);
	if (err)
		return err;
	err = dma_map_sgtable(dev, sgt, DMA_BIDIRECTIONAL, KPLUG_DMA_ATTRS);
	if (err)
		goto err_table;
	err = -EIO;
	if (sg_bounces(dev, sgt, pages))
		goto err_unmap;
	return 0;

err_unmap:
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, KPLUG_DMA_ATTRS);
err_table:
	sg_free_table(sgt);
	return err;
}

int kplug_dma_map_paged(struct kplug_buffer *buf)
{
	struct device *parent = buf->kdev->desc.parent;
	int err;

	err = kplug_dma_map_pages(parent, buf->pages, buf->count, 0, (size_t)buf->count << PAGE_SHIFT, &buf->sgt);
	if (err)
		return err;
	buf->dma = sg_dma_address(buf->sgt.sgl);
	if (buf->sgt.nents == 1)
		return 0;
	kplug_dma_unmap(buf);
	return -EIO;
}

int kplug_dma_map_contiguous(struct kplug_buffer *buf)
{
	struct device *parent = buf->kdev->desc.parent;
	int err;

	lockdep_assert_held(&buf->kdev->buffer_lock); /* the mask stays */
	err = kplug_dma_possible(parent, buf->pages, buf->count);
	if (err)
		return err;
	buf->dma = dma_map_page_attrs(parent, buf->pages[0], 0, (size_t)buf->count << PAGE_SHIFT, DMA_BIDIRECTIONAL,
				      KPLUG_DMA_ATTRS);
	if (dma_mapping_error(parent, buf->dma)) /* no device addresses left, or swiotlb has none */
		return kplug_dma_translated(parent) ? -ENOMEM : -EIO;
	if (!kplug_dma_bounces(parent, buf->dma, buf->pages, buf->count))
		return 0;
	kplug_dma_unmap(buf);
	return -EIO;
}

void kplug_dma_unmap(struct kplug_buffer *buf)
{
	struct device *parent = buf->kdev->desc.parent;

	if (buf->kind == KPLUG_BUFFER_IMPORTED) {
		kplug_import_unmap(buf);
	} else if (buf->kind == KPLUG_BUFFER_PAGED || buf->kind == KPLUG_BUFFER_ARENA) {
		dma_unmap_sgtable(parent, &buf->sgt, DMA_BIDIRECTIONAL, KPLUG_DMA_ATTRS);
		sg_free_table(&buf->sgt);
	} else {
		dma_unmap_page_attrs(parent, buf->dma, (size_t)buf->count << PAGE_SHIFT, DMA_BIDIRECTIONAL,
				     KPLUG_DMA_ATTRS);
	}
}

/*
 * The DMA API unmaps nothing but the whole, and warns if it then finds a hole. The tables are there already, so that
 * nothing can fail but an allocation.
 */
void kplug_dma_replace(struct kplug_device *kdev, dma_addr_t addr, unsigned long count, struct page *page)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(kdev->desc.parent);
	int prot = IOMMU_READ | IOMMU_WRITE | (kplug_dma_coherent(kdev) ? IOMMU_CACHE : 0);

	iommu_unmap(domain, addr, count << PAGE_SHIFT);
	for (; count; count--, addr += PAGE_SIZE) {
		WARN_ON(iommu_map(domain, addr, page_to_phys(page), PAGE_SIZE, prot, GFP_KERNEL | __GFP_NOFAIL));
		cond_resched();
	}
}

unsigned long kplug_dma_page_sizes(struct kplug_device *kdev)
{
	return iommu_get_domain_for_dev(kdev->desc.parent)->pgsize_bitmap;
}
