/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The interface of td41.c and KP_SAMPLE.bpf.c. */
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
	struct snapshot counters; /* a snapshot, written by the plugin */
	unsigned char user[0x4000]; /* written by the program, read by the plugin */
	unsigned char kernel[0x4000]; /* written by the plugin: user[] inverted */
	unsigned char rest[0x7f80];
};

#endif /* KP_SAMPLE_H */
