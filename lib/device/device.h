/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Room device: open devices, registers, interrupts, calls; scanning, binding, and software devices. */
#ifndef KPLUG_LIB_DEVICE_H
#define KPLUG_LIB_DEVICE_H

#include "base/base.h"

/* A buffer or a lock that an open device owns. */
struct kp_owned {
	unsigned long end; /* the ioctl that ends it: KPLUG_BUFFER_FREE or KPLUG_DMA_UNLOCK, ... */
	union { /* ... and its argument */
		struct kplug_buffer_name buffer;
		struct kplug_dma_unlock lock;
	};
	pid_t pid; /* who added it; in a forked child it is the parent's */
	struct kplug_device *dev; /* NULL: none, or closed */
	struct kp_owned *next;
};

struct kplug_device {
	char name[KPLUG_NAME_LEN];
	int fd; /* O_NONBLOCK */
	pid_t pid; /* the opener: a forked child must not undo its mappings and vectors */
	bool *enabled; /* by vector, info.out_vectors of them: enabled here */
	bool read_only;
	struct kplug_info info; /* from the open; only its constant members are used */
	pthread_mutex_t bar_lock; /* serializes the writers of bar[]; readers load it atomically */
	void *bar[KPLUG_BAR_MAX]; /* NULL: not mapped yet; MAP_FAILED: use the ioctl */
	pthread_mutex_t owned_lock;
	struct kp_owned *owned; /* under owned_lock */
};

/* reg.c */
int kp_reg_check(const struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width);
void kp_reg_unmap(struct kplug_device *dev);

/* owned.c. Adds what dev owns; ends it in the kernel, unless it was never added or dev is closed; ends all. */
void kp_owned_add(struct kplug_device *dev, struct kp_owned *owned);
void kp_owned_free(struct kp_owned *owned);
void kp_owned_free_all(struct kplug_device *dev);

/* irq.c. close() may leave dev's vectors enabled: a child or a mapping can hold the file open. */
void kp_irq_disable_all(struct kplug_device *dev);

#endif /* KPLUG_LIB_DEVICE_H */
