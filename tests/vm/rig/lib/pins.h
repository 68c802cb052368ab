/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of locked memory share. */
#ifndef PINS_H
#define PINS_H

#include "rig.h"

/* Binds edu's second device, which reaches all of the memory, beside the test's, and opens it; the reverse. 0 or -1. */
int pins_open_large(struct kplug_device **ret_dev);
int pins_close_large(struct kplug_device *device);

/* Pages pinned now in the whole system, and a wait until so many are. */
long pins(void);
void pins_until(long count);

/* Bytes that count against the RLIMIT_MEMLOCK of this program's user. dev is open. */
uint64_t pins_charged(void);

/* Gives up root, and with it CAP_IPC_LOCK, and sets the limit. For a child. 0 or -1. */
int pins_limit(unsigned long kib);

#endif /* PINS_H */
