/* SPDX-License-Identifier: GPL-2.0-only */
/* The buffer of swap_stress.bpf.c. */
#ifndef SWAP_STRESS_H
#define SWAP_STRESS_H

enum { FIRE_CALL, FIRE_INTERRUPT, FIRE_HOOKS };

struct fire_buffer {
	struct {
		__u64 last; /* generation of the last event */
		__u64 backward; /* events of a generation before the last one's */
	} hook[FIRE_HOOKS];
	__u64 sequence; /* of the last interrupt */
	__u64 torn; /* interrupts that are not the one after the last */
};

#endif /* SWAP_STRESS_H */
