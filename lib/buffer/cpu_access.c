// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Begin and end of the program's access to a buffer. */
#include <errno.h>

#include "internal.h"

static const struct kp_reason access_reasons[] = {
	{ EINVAL, "refused; it must be to read, to write, or both, and an end must have a begin" },
	{ ENOENT, "it is no buffer of this device, or no more" },
	{ ERANGE, "not a part of it" },
	{ EACCES, "to write it needs a device that is open for writing, and to read or write the buffer's rights" },
	{ EINTR, "a signal came; try again" },
	{ 0, NULL },
};

static int ask(struct kplug_device *dev, const struct kplug_buffer_part *part, size_t start, size_t from, size_t to,
	       uint32_t flags)
{
	struct kplug_buffer_access req = { .size = sizeof(req), .flags = flags, .map_id = part->map_id };

	from = from > part->offset ? from - part->offset : 0;
	to = to - part->offset < part->bytes ? to - part->offset : part->bytes;
	req.offset = start + from;
	req.bytes = to - from;
	return kp_ioctl(dev->fd, KPLUG_BUFFER_ACCESS, &req);
}

/* Of each part that has some of it. */
static int ask_parts(struct kplug_device *dev, const struct kplug_buffer *buf, size_t from, size_t to, uint32_t flags)
{
	const struct kplug_buffer_part *part;
	int err = 0;

	for (part = buf->part; !err && part < buf->part + buf->count; part++)
		if (from < part->offset + part->bytes && to > part->offset)
			err = ask(dev, part, part == buf->part ? buf->start : 0, from, to, flags);
	return err;
}

static int access_range(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			uint32_t access, uint32_t end)
{
	int err = 0;

	if (!access || access & ~(KPLUG_ACCESS_READ | KPLUG_ACCESS_WRITE))
		err = -EINVAL;
	else if (!bytes || offset > buf->bytes || bytes > buf->bytes - offset)
		err = -ERANGE;
	err = err ?: ask_parts(dev, buf, offset, offset + bytes, access | end);
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
