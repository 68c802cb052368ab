// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* dma-bufs: import, export, and CPU access to imported ones. */
#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "buffer/buffer.h"

static const struct kp_reason export_reasons[] = {
	{ ENOENT, "the device has no buffer of this name" },
	{ EACCES,
	  "denied by its owner, group and mode (kplug buffer list shows them), or the device is open read-only; "
	  "open it for writing, or change them" },
	{ ENOPKG, "the module kplug_memory is not installed; load it (modprobe kplug_memory)" },
	{ EOPNOTSUPP, "it is an imported dma-buf, whose fd you can pass on instead, or has more than one part" },
	{ 0, NULL },
};

static const struct kp_reason access_reasons[] = {
	{ EINVAL, "access must be to read, to write, or both, and an end must follow a begin" },
	{ ENOENT, "not a buffer of this device, or freed" },
	{ ERANGE, "outside the buffer" },
	{ EACCES, "denied by the buffer's owner, group and mode, or the device is open read-only; open it for writing, "
		  "or change them" },
	{ EINTR, "interrupted by a signal; retry" },
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
		return kp_err(
			-EINVAL,
			"buffer %s: kind, retry_smaller, timeout_ms and node do not apply to a dma-buf; leave them 0",
			name);
	if (fstatfs(fd, &fs) || fs.f_type != DMA_BUF_MAGIC)
		return kp_err(-EINVAL, "buffer %s: fd %d is not a dma-buf", name, fd);
	bytes = lseek(fd, 0, SEEK_END); /* the size of a dma-buf */
	if (bytes <= 0)
		return kp_err(-EINVAL, "buffer %s: the dma-buf of fd %d reports no size", name, fd);
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

static int access_part(struct kplug_device *dev, const struct kplug_buffer_part *part, size_t start, size_t from,
		       size_t to, uint32_t flags)
{
	struct kplug_buffer_access req = { .size = sizeof(req), .flags = flags, .map_id = part->map_id };

	from = from > part->offset ? from - part->offset : 0;
	to = to - part->offset < part->bytes ? to - part->offset : part->bytes;
	req.offset = start + from;
	req.bytes = to - from;
	return kp_ioctl(dev->fd, KPLUG_BUFFER_ACCESS, &req);
}

static int access_parts(struct kplug_device *dev, const struct kplug_buffer *buf, size_t from, size_t to,
			uint32_t flags)
{
	const struct kplug_buffer_part *part;
	int err = 0;

	for (part = buf->part; !err && part < buf->part + buf->count; part++)
		if (from < part->offset + part->bytes && to > part->offset)
			err = access_part(dev, part, part == buf->part ? buf->start : 0, from, to, flags);
	return err == -ENOPKG ? 0 : err; /* without kplug_memory no buffer is imported: there is nothing to do */
}

static int access_range(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			uint32_t access, uint32_t end)
{
	int err = 0;

	if (!access || access & ~(KPLUG_ACCESS_READ | KPLUG_ACCESS_WRITE))
		err = -EINVAL;
	else if (!bytes || offset > buf->bytes || bytes > buf->bytes - offset)
		err = -ERANGE;
	err = err ?: access_parts(dev, buf, offset, offset + bytes, access | end);
	return err ? kp_fail(err, access_reasons, "access to %zu bytes from offset %zu of a buffer of device %s", bytes,
			     offset, dev->name)
		   : 0;
}

int kplug_buffer_begin_access(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			      uint32_t access)
{
	return access_range(dev, buf, offset, bytes, access, 0);
}

int kplug_buffer_end_access(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			    uint32_t access)
{
	return access_range(dev, buf, offset, bytes, access, KPLUG_ACCESS_END);
}
