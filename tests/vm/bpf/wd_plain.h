/* SPDX-License-Identifier: GPL-2.0-only */
/* What wd_plain.bpf.c and wd_plain.c agree on. */
#ifndef WD_PLAIN_H
#define WD_PLAIN_H

struct wd_plain {
	/* counted by the plugin */
	unsigned long long claimed, denied, dpcs, dpc_interrupts;
	/* set by the test */
	unsigned long long deny; /* so many interrupts of the device are said not to be its own, and left pending */
	unsigned long long keep; /* KP_IntAtIrql does not defer */
	unsigned long long wakes; /* what KP_IntAtDpc returns */
};

#endif /* WD_PLAIN_H */
