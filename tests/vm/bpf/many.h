/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/many.bpf.c and its tests agree on. */
#ifndef MANY_H
#define MANY_H

#define MANY_VECTORS 4
#define MANY_BATCH 1000

/* Calls. */
#define MANY_RAISE 1 /* raises each vector MANY_BATCH times */
#define MANY_COUNTS 2 /* gives struct many_counts */
#define MANY_WAKES 3 /* from now on each interrupt wakes, none is held */

struct many_counts {
	__u64 interrupts[MANY_VECTORS]; /* that the hook has seen */
	__u64 held[MANY_VECTORS]; /* ... woke nobody */
	__u64 notify[MANY_VECTORS]; /* sum of the notify counts */
};

/* Attached to each record. */
struct many_data {
	__u64 sequence;
	__u32 vector;
	__u32 check; /* ~vector */
};

#endif /* MANY_H */
