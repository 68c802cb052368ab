// SPDX-License-Identifier: GPL-2.0-only
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/swiotlb.h>

#include "core/device.h"
#include "dma/dma.h"

static bool dma_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}

void kplug_dma_init(struct kplug_device *kdev)
{
	struct device *parent = kdev->desc.parent;

	mutex_init(&kdev->dma_lock);
	kdev->saved.mask = dma_get_mask(parent);
	kdev->saved.coherent_mask = parent->coherent_dma_mask;
	kdev->saved.segment = dma_get_max_seg_size(parent);
	kdev->dma_bits = fls64(kdev->saved.mask);
	kdev->translated = dma_translated(parent);
	dma_set_max_seg_size(parent, UINT_MAX); /* an IOMMU makes one piece of all */
}

void kplug_dma_uninit(struct kplug_device *kdev)
{
	dma_set_max_seg_size(kdev->desc.parent, kdev->saved.segment);
}

u64 kplug_dma_limit(struct kplug_device *kdev, u32 bits)
{
	struct device *parent = kdev->desc.parent;

	if (kdev->translated)
		return U64_MAX;
	return min_not_zero(DMA_BIT_MASK(bits), parent->bus_dma_limit);
}

int kplug_dma_lock_mask(struct kplug_device *kdev, u32 bits)
{
	mutex_lock(&kdev->dma_lock);
	/* Its own mask is set already; the kernel may refuse to set one so narrow (dma_direct_supported()). */
	if (bits == kdev->dma_bits || !dma_set_mask_and_coherent(kdev->desc.parent, DMA_BIT_MASK(bits)))
		return 0;
	kplug_dma_unlock_mask(kdev);
	return -EIO;
}
EXPORT_SYMBOL_GPL(kplug_dma_lock_mask);

void kplug_dma_unlock_mask(struct kplug_device *kdev)
{
	dma_set_mask(kdev->desc.parent, kdev->saved.mask);
	dma_set_coherent_mask(kdev->desc.parent, kdev->saved.coherent_mask);
	mutex_unlock(&kdev->dma_lock);
}
EXPORT_SYMBOL_GPL(kplug_dma_unlock_mask);

int kplug_dma_request_bits(struct kplug_device *kdev, u32 bits)
{
	int err;

	if (!dev_is_dma_coherent(kdev->desc.parent))
		return -EOPNOTSUPP;
	if (!bits)
		return kdev->dma_bits;
	if (bits > kdev->desc.dma_bits_max)
		return -ERANGE;
	err = kplug_dma_lock_mask(kdev, bits);
	if (err)
		return err;
	kplug_dma_unlock_mask(kdev);
	return bits;
}
EXPORT_SYMBOL_GPL(kplug_dma_request_bits);

/* Without an IOMMU device and physical addresses are the same; anything else is swiotlb's copy. */
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
EXPORT_SYMBOL_GPL(kplug_dma_bounces);

static bool sgt_bounces(struct device *dev, const struct sg_table *sgt, struct page **pages)
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
 * Do not ask for what cannot be. Behind an IOMMU a device address is aligned to the size and never 0, and the kernel
 * then refuses every request of this size until an address is freed (max32_alloc_size in drivers/iommu/iova.c). Without
 * one swiotlb WARNs where its own memory is above the mask.
 */
int kplug_dma_possible(struct device *dev, struct page **pages, unsigned long count)
{
	u64 limit = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
	unsigned long i;

	if (dma_translated(dev))
		return roundup_pow_of_two(count) <= dma_get_mask(dev) >> PAGE_SHIFT ? 0 : -ENOMEM;
	if (is_swiotlb_force_bounce(dev))
		return -EIO;
	for (i = 0; i < count; i++)
		if (page_to_phys(pages[i]) + PAGE_SIZE - 1 > limit)
			return -EIO;
	return 0;
}
EXPORT_SYMBOL_GPL(kplug_dma_possible);

int kplug_dma_map(struct device *dev, struct page **pages, unsigned long count, unsigned int offset, size_t bytes,
		  struct sg_table *sgt)
{
	int err;

	err = kplug_dma_possible(dev, pages, count);
	if (err)
		return err;
	err = sg_alloc_table_from_pages_segment(sgt, pages, count, offset, bytes, dma_get_max_seg_size(dev),
						GFP_KERNEL_ACCOUNT);
	if (err)
		return err;
	err = dma_map_sgtable(dev, sgt, DMA_BIDIRECTIONAL, KPLUG_DMA_ATTRS);
	if (err) {
		sg_free_table(sgt);
		return err;
	}
	if (!sgt_bounces(dev, sgt, pages))
		return 0;
	kplug_dma_unmap(dev, sgt);
	return -EIO;
}
EXPORT_SYMBOL_GPL(kplug_dma_map);

int kplug_dma_map_request(struct kplug_device *kdev, u32 bits, struct page **pages, unsigned long count,
			  unsigned int offset, size_t bytes, struct sg_table *sgt)
{
	int err;

	err = kplug_dma_lock_mask(kdev, bits);
	if (err)
		return err;
	err = kplug_dma_map(kdev->desc.parent, pages, count, offset, bytes, sgt);
	kplug_dma_unlock_mask(kdev);
	return err;
}
EXPORT_SYMBOL_GPL(kplug_dma_map_request);

void kplug_dma_flush(struct kplug_device *kdev)
{
	if (kdev->translated)
		iommu_flush_iotlb_all(iommu_get_domain_for_dev(kdev->desc.parent));
}
EXPORT_SYMBOL_GPL(kplug_dma_flush);

void kplug_dma_unmap(struct device *dev, struct sg_table *sgt)
{
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, KPLUG_DMA_ATTRS);
	sg_free_table(sgt);
}
EXPORT_SYMBOL_GPL(kplug_dma_unmap);
