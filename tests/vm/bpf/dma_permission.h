/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DMA_PERMISSION_H
#define DMA_PERMISSION_H

/* Device addresses that a caller asks for. */
struct dma_range {
	__u64 addr, bytes;
};

#endif /* DMA_PERMISSION_H */
