/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/irq_extra.bpf.c tells its test. */
#ifndef IRQ_EXTRA_H
#define IRQ_EXTRA_H

struct irq_extra {
	__u64 runs;
	__s32 attach, wake; /* what the kfuncs have returned last */
};

#endif /* IRQ_EXTRA_H */
