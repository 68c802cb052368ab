/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/irq_modes.bpf.c does to an interrupt: the message of a call. */
#ifndef IRQ_MODES_H
#define IRQ_MODES_H

enum {
	IRQ_MODE_GOOD = 1, /* quiets and claims its own, and leaves others' alone */
	IRQ_MODE_CLAIM, /* claims everything, and quiets nothing */
	IRQ_MODE_DENY, /* denies everything */
	IRQ_MODE_SLOW, /* as IRQ_MODE_GOOD, in 30 ms */
	IRQ_MODE_DEFER, /* raises vector 0 of the software device again, and defers; the deferred hook does not end */
	IRQ_MODE_END, /* ... until this */
};

#endif /* IRQ_MODES_H */
