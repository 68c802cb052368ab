// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of QEMU's edu (docs/specs/edu.rst there), with these differences:
 *
 *   - A DMA takes no 100 ms: it completes within the write of its command. Its interrupt follows.
 *   - A DMA outside of the device's own memory ends QEMU; here it copies nothing. A DMA to or from memory that is not
 *     a buffer of this device copies nothing either, as behind an IOMMU. A register counts both.
 *   - More registers, of 4 or 8 bytes:
 *     0xa0 WO  raises the vector whose number is written, with no bit in the interrupt status; ignored if there is no
 *              such vector
 *     0xa4 RO  number of vectors
 *     0xa8 RO  number of DMAs that failed
 *
 * All of edu's own interrupts are on vector 0.
 */
#include <linux/bits.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "soft/soft.h"

#define EDU_ID 0x00
#define EDU_LIVENESS 0x04
#define EDU_FACTORIAL 0x08
#define EDU_STATUS 0x20
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_SOFT_RAISE 0xa0
#define EDU_SOFT_VECTORS 0xa4
#define EDU_SOFT_DMA_ERRORS 0xa8

#define EDU_ID_VALUE 0x010000ed
#define EDU_STATUS_IRQ 0x80 /* interrupt after a factorial */
#define EDU_IRQ_FACTORIAL 0x1
#define EDU_IRQ_DMA 0x100
#define EDU_DMA_RUN 0x1
#define EDU_DMA_TO_RAM 0x2
#define EDU_DMA_IRQ 0x4
#define EDU_MEMORY 0x40000 /* where the device's own memory is, as its DMA engine sees it */

static bool edu_width_valid(u64 offset, u32 width)
{
	return width == 4 || (width == 8 && offset >= EDU_DMA_SRC);
}

static u32 edu_factorial(u32 n)
{
	u32 product = 1;

	/* 2^32 divides a product of 34 numbers in a row: a large n takes no more steps. */
	for (; n > 1 && product; n--)
		product *= n;
	return product;
}

static void edu_raise(struct soft *soft, u32 bits)
{
	soft->edu.irq_status |= bits;
	if (soft->edu.irq_status)
		soft_raise(soft, 0);
}

static bool edu_dma_copy(struct soft *soft, struct kplug_device *kdev)
{
	struct soft_edu *edu = &soft->edu;
	bool to_ram = edu->dma_command & EDU_DMA_TO_RAM;
	u64 own = (to_ram ? edu->dma_src : edu->dma_dst) - EDU_MEMORY;
	u64 addr = (to_ram ? edu->dma_dst : edu->dma_src) & soft->dma_mask;
	size_t len = edu->dma_count;
	void *ram;

	/* An address below EDU_MEMORY has wrapped to a large one. */
	if (own > SOFT_MEMORY_SIZE || edu->dma_count > SOFT_MEMORY_SIZE - own)
		return false;
	if (!len)
		return true;

	guard(rcu)();
	ram = kplug_device_dma_to_virt(kdev, addr, len);
	if (ram && to_ram)
		memcpy(ram, edu->memory + own, len);
	else if (ram)
		memcpy(edu->memory + own, ram, len);
	return ram;
}

static void edu_dma_run(struct soft *soft, struct kplug_device *kdev)
{
	if (!edu_dma_copy(soft, kdev))
		soft->edu.dma_errors++;
	if (soft->edu.dma_command & EDU_DMA_IRQ)
		edu_raise(soft, EDU_IRQ_DMA);
}

u64 soft_edu_read(struct kplug_device *kdev, u32 bar, u64 offset, u32 width)
{
	struct soft *soft = kdev->desc.priv;
	const struct soft_edu *edu = &soft->edu;
	u64 value = ~0ULL;

	guard(raw_spinlock_irqsave)(&soft->lock);
	/* QEMU answers these before edu is asked. */
	if (!soft->dead && width < 4)
		return 0;
	if (!soft->dead && edu_width_valid(offset, width)) {
		/* clang-format off */
		switch (offset) {
		case EDU_ID: value = EDU_ID_VALUE; break;
		case EDU_LIVENESS: value = edu->liveness; break;
		case EDU_FACTORIAL: value = edu->factorial; break;
		case EDU_STATUS: value = edu->status; break;
		case EDU_IRQ_STATUS: value = edu->irq_status; break;
		case EDU_DMA_SRC: value = edu->dma_src; break;
		case EDU_DMA_DST: value = edu->dma_dst; break;
		case EDU_DMA_COUNT: value = edu->dma_count; break;
		case EDU_DMA_COMMAND: value = edu->dma_command; break;
		case EDU_SOFT_VECTORS: value = soft->vectors; break;
		case EDU_SOFT_DMA_ERRORS: value = edu->dma_errors; break;
		}
		/* clang-format on */
	}
	return value & GENMASK_ULL(width * 8 - 1, 0);
}

void soft_edu_write(struct kplug_device *kdev, u32 bar, u64 offset, u32 width, u64 value)
{
	struct soft *soft = kdev->desc.priv;
	struct soft_edu *edu = &soft->edu;

	guard(raw_spinlock_irqsave)(&soft->lock);
	if (soft->dead || !edu_width_valid(offset, width))
		return;

	value &= GENMASK_ULL(width * 8 - 1, 0);
	switch (offset) {
	case EDU_LIVENESS:
		edu->liveness = ~value;
		break;
	case EDU_FACTORIAL:
		edu->factorial = edu_factorial(value);
		if (edu->status & EDU_STATUS_IRQ)
			edu_raise(soft, EDU_IRQ_FACTORIAL);
		break;
	case EDU_STATUS:
		edu->status = value & EDU_STATUS_IRQ;
		break;
	case EDU_IRQ_RAISE:
		edu_raise(soft, value);
		break;
	case EDU_IRQ_ACK:
		edu->irq_status &= ~value;
		break;
	case EDU_DMA_SRC:
		edu->dma_src = value;
		break;
	case EDU_DMA_DST:
		edu->dma_dst = value;
		break;
	case EDU_DMA_COUNT:
		edu->dma_count = value;
		break;
	case EDU_DMA_COMMAND:
		if (value & EDU_DMA_RUN) {
			edu->dma_command = value & ~EDU_DMA_RUN;
			edu_dma_run(soft, kdev);
		}
		break;
	case EDU_SOFT_RAISE:
		if (value < soft->vectors)
			soft_raise(soft, value);
		break;
	}
}
