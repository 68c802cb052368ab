/* SPDX-License-Identifier: GPL-2.0-only */
/* Program memory locked for DMA. */
#ifndef KPLUG_LOCK_H
#define KPLUG_LOCK_H

#include "kplug_uapi.h"

struct kplug_device;
struct kplug_file;

/* See KPLUG_DMA_LOCK and _ENTRIES. They enter the device themselves. */
int kplug_lock(struct kplug_file *kfile, struct kplug_dma_lock *arg);
int kplug_lock_entries(struct kplug_file *kfile, struct kplug_dma_entries *arg);
/* See KPLUG_DMA_UNLOCK. The caller has entered the device. */
int kplug_unlock(struct kplug_file *kfile, const struct kplug_dma_unlock *arg);

/* Ends all locks of an open file; NULL: of the device, for its removal. */
void kplug_lock_remove_all(struct kplug_device *kdev, const struct kplug_file *kfile);

/* kplug_device_dma_to_virt() for locked memory. */
void *kplug_lock_dma_to_virt(struct kplug_device *kdev, u64 addr, size_t len);

#endif /* KPLUG_LOCK_H */
