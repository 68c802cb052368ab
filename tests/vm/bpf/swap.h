/* SPDX-License-Identifier: GPL-2.0-only */
/* The buffer of swap_1.bpf.c and swap_2.bpf.c. */
#ifndef SWAP_H
#define SWAP_H

struct swap_buffer {
	__u64 calls[3]; /* by version */
	__u64 interrupts[3];
};

#endif /* SWAP_H */
