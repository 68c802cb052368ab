// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Buffers and dma-bufs: memory that drivers of other devices share. */
#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "internal.h"

static const struct kp_reason export_reasons[] = {
	{ ENOENT, "the device has no buffer of this name" },
	{ EACCES, "its owner, group and mode do not let you read and write (kplug buffer list shows them); open it for "
		  "writing, or change them" },
	{ ENOPKG, "the module kplug_memory is not installed; load it (modprobe kplug_memory)" },
	{ EOPNOTSUPP, "it is a dma-buf's already, which you can pass on, or has more than one part" },
	{ 0, NULL },
};

int kplug_buffer_import(struct kplug_device *dev, const char *name, int fd, const struct kplug_alloc_opts *opts,
			struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts known;
	struct statfs fs;
	off_t bytes;
	int err;

	err = kp_opts(&known, sizeof(known), opts, "kplug_alloc_opts");
	if (err)
		return err;
	if (known.kind || known.retry_smaller || known.timeout_ms || known.node)
		return kp_err(-EINVAL, "buffer %s: kind, retry_smaller, timeout_ms and node are not for a dma-buf",
			      name);
	if (fstatfs(fd, &fs) || fs.f_type != DMA_BUF_MAGIC)
		return kp_err(-EINVAL, "buffer %s: fd %d is not a dma-buf's", name, fd);
	bytes = lseek(fd, 0, SEEK_END); /* dma-bufs tell their size so */
	if (bytes <= 0)
		return kp_err(-EINVAL, "buffer %s: the dma-buf of fd %d tells no size", name, fd);
	known.kind = KPLUG_BUFFER_IMPORTED;
	return kp_buffer_alloc(dev, name, (size_t)bytes, &known, fd, ret_buf);
}

int kplug_buffer_export(struct kplug_device *dev, const char *name, int *ret_fd)
{
	struct kplug_buffer_export req = { .size = sizeof(req), .out_fd = -1 };
	int err;

	err = kp_buffer_name(req.name, name);
	if (err)
		return err;
	err = kp_ioctl(dev->fd, KPLUG_BUFFER_EXPORT, &req);
	if (err)
		return kp_fail(err, export_reasons, "buffer %s on device %s", name, dev->name);
	*ret_fd = req.out_fd;
	return 0;
}
