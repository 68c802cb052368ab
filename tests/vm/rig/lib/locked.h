/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of one lock on one device share. */
#ifndef LOCKED_H
#define LOCKED_H

#include "kind.h"
#include "pins.h"

#define MIB (1UL << 20)
#define CHUNK 2048 /* at most: QEMU's edu ends for a whole page */

extern struct kplug_lock *lock; /* the test's, or NULL */
extern long pins_before;
extern bool translated; /* behind an IOMMU */

void locked_setup(void);
/* Unlocks what a test has locked, and closes dev; waits for the pins to go. */
void locked_teardown(void);
#define LOCKED_RUN(tests) RIG_RUN(tests, rig_any_memory(), .setup = locked_setup, .teardown = locked_teardown)

struct kplug_lock *lock_it(void *p, size_t bytes);
uint64_t locked_of_device(void);

void *map(size_t bytes, int flags, int fd);
void *anonymous(size_t bytes);

/* The device's address of a byte of the lock, and how many follow in one piece. */
uint64_t address(size_t offset, size_t *ret_left);
/* The device copies bytes [from, from + bytes) of the lock to `to`, in pieces of a chunk at most. */
void device_copies(size_t from, size_t to, size_t bytes);

#endif /* LOCKED_H */
