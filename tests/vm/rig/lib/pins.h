/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of locked memory share. */
#ifndef PINS_H
#define PINS_H

#include "rig.h"

/*
 * Runs the tests on devices that reach all of the memory: a software device of 64 bits and edu's second; behind an
 * IOMMU, which *ret_translated tells, edu's first. Returns main()'s exit status.
 */
int pins_run(const struct CMUnitTest *tests, size_t count, bool *ret_translated);

/* Binds edu's second device, which reaches all of the memory, and opens it; the reverse. For a group's setup. 0 or -1. */
int pins_open_large(struct kplug_device **ret_dev);
int pins_close_large(struct kplug_device *dev);

/* Pages pinned now in the whole system, and a wait until so many are. */
long pins(void);
void pins_until(long count);

/* Bytes that count against this program's RLIMIT_MEMLOCK. */
uint64_t pins_locked(void);

/* Gives up root, and with it CAP_IPC_LOCK, and sets the limit. For a child. 0 or -1. */
int pins_limit(unsigned long kib);

#endif /* PINS_H */
