/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The half of an NVMe driver that is a program's: enables the controller and makes the queues that bpf/nvme.bpf.c then
 * serves. Nothing here is on the way of a command. Functions return 0 or a negative errno.
 */
#ifndef RIG_NVME_H
#define RIG_NVME_H

#include "bpf/nvme.h"
#include "libkplug.h"

struct nvme {
	struct kplug_device *dev;
	struct kplug_buffer *buf;
	volatile struct nvme_buffer *mem;
	uint64_t dma; /* of mem */
	uint32_t stride; /* of the doorbells, bytes */
	uint32_t timeout_ms; /* for the controller to become ready */
	uint32_t sq_tail, cq_head, cq_phase; /* of the admin queue */
	uint32_t queues; /* for I/O */
	struct {
		uint64_t blocks;
		uint32_t shift; /* log2 of bytes in a block; 0: no such namespace */
	} ns[NVME_NSID_MAX];
};

/*
 * Allocates the device's buffer `nvme`, loads the plugin from this file, enables the controller and its queues and
 * starts the plugin. The caller keeps dev, and ends with nvme_stop(), also after a failure.
 */
int nvme_start(struct nvme *n, struct kplug_device *dev, const char *plugin);
/* Disables the controller, so that it uses no memory, and frees the buffer. The plugin stays. */
void nvme_stop(struct nvme *n);

/* One command: 0, -EIO (the status is in io), or what the plugin or the library says. */
int nvme_io(struct kplug_device *dev, struct nvme_io *io, uint32_t timeout_ms);

#endif /* RIG_NVME_H */
