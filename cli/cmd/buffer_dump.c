// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* buffer dump and buffer fill: the CPU reads or writes a range. */
#include <inttypes.h>

#include "cli.h"
#include "output/output.h"

/* The range of --offset and --length; by default to the end. */
static int choose_range(const struct args *a, const struct kplug_buffer *buf, size_t *ret_offset, size_t *ret_length)
{
	size_t size = kplug_buffer_size(buf);
	uint64_t offset = a->num[OPT_OFFSET];
	uint64_t length;

	if (offset > size)
		return failed("%s: offset %" PRIu64 " is past the end; the buffer has %zu bytes", a->pos[1], offset,
			      size);
	length = has(a, OPT_LENGTH) ? a->num[OPT_LENGTH] : size - offset;
	if (length > size - offset)
		return failed("%s: %" PRIu64 " bytes from offset %" PRIu64
			      " are past the end; the buffer has %zu bytes",
			      a->pos[1], length, offset, size);
	*ret_offset = offset;
	*ret_length = length;
	return 0;
}

/* Brackets the access, so that an imported buffer's exporter can prepare its memory and flush it. */
static int access_range(const struct args *a, struct kplug_device *dev, const struct kplug_buffer *buf, uint32_t access,
			void (*fn)(const struct args *, uint8_t *, size_t, size_t))
{
	size_t offset = 0, length = 0;
	int ret, err;

	ret = choose_range(a, buf, &offset, &length);
	if (ret)
		return ret;
	err = length ? kplug_buffer_begin_access(dev, buf, offset, length, access) : 0;
	if (err)
		return fail_lib(a->pos[1], err);
	fn(a, (uint8_t *)kplug_buffer_ptr(buf) + offset, offset, length);
	err = length ? kplug_buffer_end_access(dev, buf, offset, length, access) : 0;
	return err ? fail_lib(a->pos[1], err) : 0;
}

static int open_and_access(const struct args *a, bool read_only,
			   void (*fn)(const struct args *, uint8_t *, size_t, size_t))
{
	uint32_t access = KPLUG_ACCESS_READ | (read_only ? 0 : KPLUG_ACCESS_WRITE);
	struct kplug_buffer *buf;
	struct kplug_device *dev;
	int ret;

	ret = open_device(a, read_only, &dev);
	if (ret)
		return ret;
	ret = kplug_buffer_open(dev, a->pos[1], &buf);
	if (ret)
		return close_device(dev, a->pos[1], ret);
	ret = access_range(a, dev, buf, access, fn);
	kplug_buffer_free(buf);
	kplug_device_close(dev);
	return ret;
}

static void dump_range(const struct args *a, uint8_t *mem, size_t offset, size_t length)
{
	if (has(a, OPT_RAW))
		fwrite(mem, 1, length, stdout);
	else
		dump_bytes(mem, offset, length, stdout);
}

int buffer_dump(const struct args *a)
{
	return open_and_access(a, true, dump_range);
}

static void fill_range(const struct args *a, uint8_t *mem, size_t offset, size_t length)
{
	if (has(a, OPT_BYTE))
		memset(mem, (int)a->num[OPT_BYTE], length);
	else
		for (size_t i = 0; i < length; i++)
			mem[i] = (uint8_t)(offset + i);
}

int buffer_fill(const struct args *a)
{
	if (has(a, OPT_BYTE) == has(a, OPT_PATTERN))
		return wrong_usage(a, "give one of --byte and --pattern");
	if (has(a, OPT_PATTERN) && strcmp(a->text[OPT_PATTERN], "count") != 0)
		return wrong_usage(a, "--pattern '%s' is unknown; use count", a->text[OPT_PATTERN]);
	return open_and_access(a, false, fill_range);
}
