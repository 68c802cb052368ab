/* SPDX-License-Identifier: GPL-2.0-only */
/* A software device: soft.c is its bus side and raises its interrupts, edu.c is its registers. */
#ifndef KPLUG_SOFT_H
#define KPLUG_SOFT_H

#include <linux/bitmap.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/irqdomain.h>
#include <linux/list.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>

#include "core/device.h"

#define SOFT_BAR_SIZE 0x100000 /* of BAR 0, as edu's */
#define SOFT_MEMORY_SIZE 4096

/* The registers, see edu.c. All under soft.lock. */
struct soft_edu {
	u32 liveness; /* as it reads back */
	u32 factorial;
	u32 status;
	u32 irq_status;
	u32 dma_errors;
	u64 dma_src;
	u64 dma_dst;
	u64 dma_count;
	u64 dma_command;
	u8 memory[SOFT_MEMORY_SIZE];
};

struct soft {
	struct list_head node; /* under soft_mutex */
	struct kplug_device *kdev; /* set once, before `node` is linked */
	struct platform_device *pdev; /* constant, as the next four */
	struct irq_domain *domain;
	u32 vectors;
	u64 dma_mask;
	char name[KPLUG_NAME_LEN];

	/*
	 * Innermost but for the timer's own: taken in hard IRQ and under the interrupt descriptors' locks. So never
	 * held while an interrupt is delivered.
	 */
	raw_spinlock_t lock;
	bool dead; /* under lock, as all below */
	bool delivering; /* a CPU is in soft_deliver() */
	DECLARE_BITMAP(masked, KPLUG_VECTOR_MAX); /* a bit per vector */
	DECLARE_BITMAP(raised, KPLUG_VECTOR_MAX); /* a bit per vector: pending[] is not 0 */
	struct irq_work work;
	struct hrtimer pause;
	struct soft_edu edu;
	u64 pending[]; /* per vector */
};

/* Raises a vector below soft->vectors. Any context but NMI, soft->lock held. */
void soft_raise(struct soft *soft, u32 vector);

/* See reg_read and reg_write of struct kplug_bus_ops. */
u64 soft_edu_read(struct kplug_device *kdev, u32 bar, u64 offset, u32 width);
void soft_edu_write(struct kplug_device *kdev, u32 bar, u64 offset, u32 width, u64 value);

#endif /* KPLUG_SOFT_H */
