/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/irq_batch.bpf.c and its tests agree on. */
#ifndef IRQ_BATCH_H
#define IRQ_BATCH_H

#define BATCH_VECTORS 4
#define BATCH_RAISES 1000

/* Calls. */
#define BATCH_RAISE 1 /* raises each vector BATCH_RAISES times */
#define BATCH_COUNTS 2 /* gives struct batch_counts */
#define BATCH_EACH_WAKES 3 /* from now on each interrupt wakes, none is held */

struct batch_counts {
	__u64 interrupts[BATCH_VECTORS]; /* that the hook has seen */
	__u64 held[BATCH_VECTORS]; /* ... of which: without a wake-up */
	__u64 notify[BATCH_VECTORS]; /* sum of the notify counts */
};

/* Attached to each record. */
struct batch_data {
	__u64 sequence;
	__u32 vector;
	__u32 check; /* ~vector */
};

#endif /* IRQ_BATCH_H */
