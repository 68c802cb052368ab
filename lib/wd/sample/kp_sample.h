/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What sample.c and KP_SAMPLE.bpf.c agree on. */
#ifndef KP_SAMPLE_H
#define KP_SAMPLE_H

#include "kplug_sync.h"

#define KP_DRIVER_NAME "KP_SAMPLE"
#define YOUR_MESSAGE 1

struct both {
	unsigned long long words[2];
};
KPLUG_SEQLOCK(snapshot, struct both);

/* The buffer, 0x10000 bytes. */
struct shared {
	struct snapshot counters; /* the plugin's, whole at any time */
	unsigned char user[0x4000]; /* written by the program, read by the plugin */
	unsigned char kernel[0x4000]; /* the reverse: each byte inverted */
	unsigned char rest[0x7f80];
};

#endif /* KP_SAMPLE_H */
