/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Room buffer: DMA buffers, dma-bufs, and locked user memory. */
#ifndef KPLUG_LIB_BUFFER_H
#define KPLUG_LIB_BUFFER_H

#include "device/device.h"

struct kplug_buffer {
	void *ptr; /* the mapping, or NULL */
	size_t bytes;
	enum kplug_buffer_kind kind;
	bool huge; /* mapped through the node with large pages */
	pid_t pid; /* the process that mapped it: a child does not inherit an arena's mapping */
	size_t start; /* offset of ptr in the kernel's first part kept here */
	struct kp_owned owned; /* if this program has allocated it, and it is not kept */
	size_t count;
	struct kplug_buffer_part part[]; /* map_fd: -1 if read-only: mapped through the node */
};

/* buffer.c. Copies a buffer's name into an ioctl's zeroed member. -EINVAL: not a valid name. */
int kp_buffer_name(char to[KPLUG_BUFFER_NAME_LEN], const char *name);
/* A zeroed buffer with room for count parts; the caller frees it with free(). */
struct kplug_buffer *kp_buffer_new(const char *name, size_t count);
/* Maps all parts, unless buf is mapped. */
int kp_buffer_map(const struct kplug_device *dev, const char *name, struct kplug_buffer *buf);
/* Information on the first part, and an fd of its map, which the caller closes. */
int kp_buffer_fd(struct kplug_device *dev, const char *name, struct kplug_buffer_info *ret_info, int *ret_fd);

/* alloc.c. opts: already read by kp_opts(). dmabuf_fd: for KPLUG_BUFFER_IMPORTED, else -1. */
int kp_buffer_alloc(struct kplug_device *dev, const char *name, size_t bytes, const struct kplug_alloc_opts *opts,
		    int dmabuf_fd, struct kplug_buffer **ret_buf);

/* arena.c. Creates and maps an arena; maps an arena buffer at its address. The caller unmaps. */
int kp_arena_create(const char *name, size_t bytes, int *ret_fd, void **ret_ptr);
int kp_arena_map(const struct kplug_buffer_info *info, void **ret_ptr);

#endif /* KPLUG_LIB_BUFFER_H */
