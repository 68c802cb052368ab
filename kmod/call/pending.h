/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_PENDING_H
#define KPLUG_PENDING_H

#include <linux/types.h>

struct kplug_device;
struct kplug_pending;

/* Pending calls that a device can have at once. */
#define KPLUG_PENDING_MAX 1024

/* 0 or -ENOMEM; then, too, kplug_pending_free() is to follow. */
int kplug_pending_alloc(struct kplug_device *kdev);
void kplug_pending_free(struct kplug_device *kdev);

/*
 * In a call hook: makes the call of current pending. `data`, of `size` bytes, stays until kplug_pending_end(). Returns
 * its tag; 0: the table is full.
 */
u64 kplug_pending_begin(struct kplug_device *kdev, u8 *data, u32 size);

/*
 * Any context. -ENOENT: no such call is pending: it is complete, or the caller has given it up.
 * Reply: copy into the caller's data; -ERANGE: outside of it. Complete: wakes the caller.
 */
int kplug_pending_reply(struct kplug_device *kdev, u64 tag, u32 offset, const void *mem, u32 len);
int kplug_pending_complete(struct kplug_device *kdev, u64 tag, s64 result);

/*
 * The caller waits, with the device not entered, until its call is complete; then the tag is void. timeout_ms 0: no
 * limit. 0 and the result, -ETIMEDOUT, -EINTR, or what kplug_pending_cancel() gave.
 */
int kplug_pending_wait(struct kplug_device *kdev, u64 tag, u32 timeout_ms, s64 *ret_result);
/* The call is not to be pending. 0 and the result if it is complete, err if not. */
int kplug_pending_end(struct kplug_device *kdev, u64 tag, int err, s64 *ret_result);

/* Completes all with this error. No hook runs that could begin one. */
void kplug_pending_cancel(struct kplug_device *kdev, int err);

#endif /* KPLUG_PENDING_H */
