/* SPDX-License-Identifier: GPL-2.0-only */
/* Device addresses: masks, mapping, and the proof that the device reaches the memory itself and no bounce copy. */
#ifndef KPLUG_DMA_H
#define KPLUG_DMA_H

#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>

struct kplug_device;

/*
 * Of every mapping: devices are cache-coherent and nothing bounces, so there is nothing to sync; and one piece of
 * memory may be mapped more than once, which DMA-API debugging would report.
 */
#define KPLUG_DMA_ATTRS (DMA_ATTR_NO_WARN | DMA_ATTR_SKIP_CPU_SYNC)

/* Save the parent's DMA settings when a device is registered, and restore them for the next driver. */
void kplug_dma_init(struct kplug_device *kdev);
void kplug_dma_uninit(struct kplug_device *kdev);

/*
 * The bits of device addresses that a request asks for; 0: those of the device's bind. Returns 1..64, or
 * -EOPNOTSUPP: the device is not cache-coherent, -ERANGE: more than the bus side allows, -EIO: the kernel cannot do DMA
 * with this mask.
 */
int kplug_dma_request_bits(struct kplug_device *kdev, u32 bits);

/* The highest physical address for a request with these bits; U64_MAX behind an IOMMU. */
u64 kplug_dma_limit(struct kplug_device *kdev, u32 bits);

/*
 * A DMA mask is the request's alone: between the two the parent has the request's mask, and no other request maps.
 * -EIO: the kernel cannot do DMA with this mask. Undone by kplug_dma_unlock_mask(), also for the next user of the mask.
 */
int kplug_dma_lock_mask(struct kplug_device *kdev, u32 bits);
void kplug_dma_unlock_mask(struct kplug_device *kdev);

/* Can a device reach these pages? 0, -ENOMEM no device addresses, -EIO they would bounce. */
int kplug_dma_possible(struct device *dev, struct page **pages, unsigned long count);
/* Does the device see anything but these pages, in a row, from addr on? */
bool kplug_dma_bounces(struct device *dev, dma_addr_t addr, struct page **pages, unsigned long count);

/*
 * Map pages for any device, with its mask of now: `bytes` from `offset` in the first, in pieces as large as the device
 * allows, one behind an IOMMU. Errors: of kplug_dma_possible(). Undone by kplug_dma_unmap().
 */
int kplug_dma_map(struct device *dev, struct page **pages, unsigned long count, unsigned int offset, size_t bytes,
		  struct sg_table *sgt);
/* The same for one of our devices, with the request's mask. */
int kplug_dma_map_request(struct kplug_device *kdev, u32 bits, struct page **pages, unsigned long count,
			  unsigned int offset, size_t bytes, struct sg_table *sgt);
void kplug_dma_unmap(struct device *dev, struct sg_table *sgt);

/*
 * After unmapping, before the memory is given back: an IOMMU forgets what it has cached. By default the kernel has it
 * do so up to 10 ms later (drivers/iommu/dma-iommu.c, IOMMU_DMA_FQ_DEFAULT_TIMEOUT). The device is not yet removed.
 */
void kplug_dma_flush(struct kplug_device *kdev);

#endif /* KPLUG_DMA_H */
