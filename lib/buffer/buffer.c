// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Looks up, maps and lists buffers. The parts of a buffer are mapped side by side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer/buffer.h"

#define HUGE (2UL << 20)
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_."

static const struct kp_reason lookup_reasons[] = {
	{ ENOENT, "the device has no buffer of this name" },
	{ EACCES, "denied by its owner, group and mode (kplug buffer list shows them), or by a security policy; "
		  "run it as a user that they allow" },
	{ EMFILE, "each part of 512 MiB takes a file descriptor; raise the limit (ulimit -n)" },
	{ ERANGE, "outside the buffer, or the offset is not page-aligned; an arena is opened as a whole" },
	{ EINVAL, "not a valid name; use letters, digits, '_' and '.'" },
	{ 0, NULL },
};

static const struct kp_reason huge_reasons[] = {
	{ EOPNOTSUPP, "only a contiguous buffer can be mapped by large pages; allocate one, or open it without" },
	{ 0, NULL },
};

static const struct kp_reason drop_reasons[] = {
	{ ENOENT, "the device has no buffer of this name" },
	{ EACCES,
	  "a running program owns it (end that), or its owner, group and mode (kplug buffer list shows them) or "
	  "a security policy deny it, or the device is open read-only" },
	{ 0, NULL },
};

int kp_buffer_name(char to[KPLUG_BUFFER_NAME_LEN], const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= KPLUG_BUFFER_NAME_LEN)
		return kp_err(-EINVAL, "buffer %.64s: the name has %zu bytes; use 1 to %d", name, len,
			      KPLUG_BUFFER_NAME_LEN - 1);
	if (name[strspn(name, NAME_CHARS)])
		return kp_err(-EINVAL, "buffer %s: not a valid name; use letters, digits, '_' and '.'", name);
	memcpy(to, name, len);
	return 0;
}

struct kplug_buffer *kp_buffer_new(const char *name, size_t count)
{
	struct kplug_buffer *buf = calloc(1, sizeof(*buf) + count * sizeof(buf->part[0]));

	if (!buf) {
		kp_fail(-ENOMEM, NULL, "buffer %s", name);
		return NULL;
	}
	buf->count = count;
	buf->pid = getpid();
	return buf;
}

/*
 * ptr: the fixed address, or NULL. Read-only mappings go through the node: a map's fd would allow
 * writing, and the module refuses it to a read-only open.
 */
static void *map_part(const struct kplug_device *dev, const struct kplug_buffer *buf, size_t i, void *ptr)
{
	const struct kplug_buffer_part *part = &buf->part[i];
	size_t start = i ? 0 : buf->start, bytes = kp_page_round(part->bytes);
	int flags = MAP_SHARED | (ptr ? MAP_FIXED : 0), write = dev->read_only ? 0 : PROT_WRITE;

	if (buf->huge)
		return mmap(ptr, bytes, PROT_READ | write, flags, dev->fd, (off_t)(KPLUG_MMAP_HUGE(part->id) + start));
	if (part->map_fd >= 0)
		return mmap(ptr, bytes, PROT_READ | PROT_WRITE, flags, part->map_fd, (off_t)start);
	return mmap(ptr, bytes, PROT_READ, flags, dev->fd, (off_t)(KPLUG_MMAP_BUFFER(part->id) + start));
}

/* Skips part i: MAP_FIXED unmapped its range, and another thread may have mapped it since. */
static void unmap_all_but(const struct kplug_buffer *buf, size_t i)
{
	size_t after = buf->part[i].offset + buf->part[i].bytes;

	munmap(buf->ptr, buf->part[i].offset);
	if (i + 1 < buf->count)
		munmap((uint8_t *)buf->ptr + after, kp_page_round(buf->bytes - after));
}

/* Reserves address space for all parts, aligned for large pages if they are wanted. */
static void *reserve_range(const struct kplug_buffer *buf)
{
	size_t bytes = kp_page_round(buf->bytes), room = buf->huge ? HUGE : 0, before;
	uint8_t *ptr = mmap(NULL, bytes + room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (ptr == MAP_FAILED || !room)
		return ptr;
	before = -(uintptr_t)ptr % HUGE;
	if (before)
		munmap(ptr, before);
	munmap(ptr + before + bytes, room - before);
	return ptr + before;
}

static int map_parts(const struct kplug_device *dev, struct kplug_buffer *buf)
{
	size_t i;
	int err;

	if (buf->count == 1) {
		buf->ptr = map_part(dev, buf, 0, NULL);
		return buf->ptr == MAP_FAILED ? -errno : 0;
	}
	buf->ptr = reserve_range(buf);
	if (buf->ptr == MAP_FAILED)
		return -errno;
	for (i = 0; i < buf->count; i++)
		if (map_part(dev, buf, i, (uint8_t *)buf->ptr + buf->part[i].offset) == MAP_FAILED) {
			err = -errno;
			unmap_all_but(buf, i);
			return err;
		}
	return 0;
}

int kp_buffer_map(const struct kplug_device *dev, const char *name, struct kplug_buffer *buf)
{
	int err;

	if (buf->ptr)
		return 0;
	err = map_parts(dev, buf);
	if (err == -ENXIO && buf->part[0].map_fd < 0)
		err = -ENOENT; /* freed since the lookup */
	return err ? kp_fail(err, lookup_reasons, "buffer %s on device %s: cannot be mapped", name, dev->name) : 0;
}

static int look_up(struct kplug_device *dev, const char *name, uint32_t part, uint32_t flags,
		   struct kplug_buffer_info *ret_info)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .flags = flags, .part = part, .out_fd = -1 };
	int err = kp_buffer_name(info.name, name);

	if (err)
		return err;
	err = kp_ioctl(dev->fd, KPLUG_BUFFER_INFO, &info);
	if (err)
		return kp_fail(err, lookup_reasons, "buffer %s on device %s", name, dev->name);
	*ret_info = info;
	return 0;
}

int kp_buffer_fd(struct kplug_device *dev, const char *name, struct kplug_buffer_info *ret_info, int *ret_fd)
{
	int err = look_up(dev, name, 0, KPLUG_BUFFER_FD, ret_info);

	if (!err)
		*ret_fd = ret_info->out_fd;
	return err;
}

static void close_parts(const struct kplug_buffer *buf)
{
	size_t i;

	for (i = 0; i < buf->count; i++)
		if (buf->part[i].map_fd >= 0)
			close(buf->part[i].map_fd);
}

static void add_part(struct kplug_buffer *buf, const struct kplug_buffer_info *info)
{
	buf->part[buf->count++] = (struct kplug_buffer_part){
		.offset = buf->bytes,
		.bytes = info->out_bytes,
		.dma_addr = info->out_dma_addr,
		.id = info->out_id,
		.map_id = info->out_map_id,
		.map_fd = info->out_fd,
	};
	buf->bytes += info->out_bytes;
	buf->kind = info->out_kind;
}

/* Looks up all parts, without mapping them. The buffer owns the fd in *first. */
static int find_parts(struct kplug_device *dev, const char *name, struct kplug_buffer_info *first,
		      struct kplug_buffer **ret_buf)
{
	uint32_t flags = dev->read_only ? 0 : KPLUG_BUFFER_FD, count, i;
	struct kplug_buffer_info info = { .out_fd = -1 };
	struct kplug_buffer *buf;
	int err;

	err = look_up(dev, name, 0, flags, first);
	if (err)
		return err;
	count = first->out_parts ?: 1;
	buf = kp_buffer_new(name, count);
	if (!buf) {
		if (first->out_fd >= 0)
			close(first->out_fd);
		return -ENOMEM;
	}
	buf->count = 0;
	add_part(buf, first);
	for (i = 1; !err && i < count; i++) {
		err = look_up(dev, name, i, flags, &info);
		if (!err)
			add_part(buf, &info);
	}
	if (err) {
		close_parts(buf);
		free(buf);
		return err;
	}
	*ret_buf = buf;
	return 0;
}

/* Trims a part to [from, to); to 0 bytes if they do not overlap. */
static void trim_part(struct kplug_buffer_part *part, size_t from, size_t to)
{
	size_t end = part->offset + part->bytes;

	from = from > part->offset ? from : part->offset;
	to = to < end ? to : end;
	part->dma_addr += from < to ? from - part->offset : 0;
	part->offset = from;
	part->bytes = from < to ? to - from : 0;
}

/* Trims buf to `bytes` bytes from offset; (0, SIZE_MAX): no change. */
static int trim_buffer(struct kplug_buffer *buf, size_t offset, size_t bytes)
{
	size_t i, kept = 0;

	if (bytes == SIZE_MAX && !offset)
		return 0;
	if (!bytes || offset % kp_page_round(1) || offset > buf->bytes || bytes > buf->bytes - offset)
		return -ERANGE;
	for (i = 0; i < buf->count; i++) {
		struct kplug_buffer_part part = buf->part[i];

		trim_part(&part, offset, offset + bytes);
		if (!part.bytes) {
			if (part.map_fd >= 0)
				close(part.map_fd);
			continue;
		}
		if (!kept)
			buf->start = offset - buf->part[i].offset;
		part.offset -= offset;
		buf->part[kept++] = part;
	}
	buf->count = kept;
	buf->bytes = bytes;
	return 0;
}

/* An arena is mapped as a whole, at its own address, unless read-only through the node. */
static int map_range(struct kplug_device *dev, const struct kplug_buffer_info *first, size_t offset, size_t bytes,
		     struct kplug_buffer *buf)
{
	bool in_place = buf->kind == KPLUG_BUFFER_ARENA && !dev->read_only;
	int err;

	err = in_place && (offset || bytes != SIZE_MAX) ? -ERANGE : trim_buffer(buf, offset, bytes);
	if (err)
		return kp_fail(err, lookup_reasons, "%zu bytes from offset %zu of buffer %s", bytes, offset,
			       first->out_name);
	if (in_place)
		err = kp_arena_map(first, &buf->ptr);
	return err ?: kp_buffer_map(dev, first->out_name, buf);
}

static int open_buffer(struct kplug_device *dev, const char *name, size_t offset, size_t bytes, bool huge,
		       struct kplug_buffer **ret_buf)
{
	struct kplug_buffer_info first = { 0 };
	struct kplug_buffer *buf;
	int err;

	err = find_parts(dev, name, &first, &buf);
	if (err)
		return err;
	buf->huge = huge;
	if (huge && buf->kind != KPLUG_BUFFER_CONTIGUOUS)
		err = kp_fail(-EOPNOTSUPP, huge_reasons, "buffer %s on device %s by huge pages", name, dev->name);
	else
		err = map_range(dev, &first, offset, bytes, buf);
	if (err) {
		close_parts(buf);
		free(buf);
		return err;
	}
	*ret_buf = buf;
	return 0;
}

int kplug_buffer_open_part(struct kplug_device *dev, const char *name, size_t offset, size_t bytes,
			   struct kplug_buffer **ret_buf)
{
	return open_buffer(dev, name, offset, bytes, false, ret_buf);
}

int kplug_buffer_open(struct kplug_device *dev, const char *name, struct kplug_buffer **ret_buf)
{
	return open_buffer(dev, name, 0, SIZE_MAX, false, ret_buf);
}

int kplug_buffer_open_huge(struct kplug_device *dev, const char *name, struct kplug_buffer **ret_buf)
{
	return open_buffer(dev, name, 0, SIZE_MAX, true, ret_buf);
}

void kplug_buffer_free(struct kplug_buffer *buf)
{
	if (!buf)
		return;
	kp_owned_free(&buf->owned); /* first: the device must not write memory that is the kernel's again */
	if (buf->kind != KPLUG_BUFFER_ARENA || buf->pid == getpid())
		munmap(buf->ptr, kp_page_round(buf->bytes));
	close_parts(buf);
	free(buf);
}

int kplug_buffer_drop(struct kplug_device *dev, const char *name)
{
	struct kplug_buffer_name req = { .size = sizeof(req) };
	int err = kp_buffer_name(req.name, name);

	if (err)
		return err;
	err = kp_ioctl(dev->fd, KPLUG_BUFFER_FREE, &req);
	return err ? kp_fail(err, drop_reasons, "buffer %s on device %s", name, dev->name) : 0;
}

void *kplug_buffer_ptr(const struct kplug_buffer *buf)
{
	return buf->ptr;
}

size_t kplug_buffer_size(const struct kplug_buffer *buf)
{
	return buf->bytes;
}

const struct kplug_buffer_part *kplug_buffer_parts(const struct kplug_buffer *buf, size_t *ret_count)
{
	*ret_count = buf->count;
	return buf->part;
}

uint64_t kplug_buffer_dma_addr(const struct kplug_buffer *buf)
{
	return buf->part[0].dma_addr;
}

int kplug_buffer_map_fd(const struct kplug_buffer *buf)
{
	return buf->part[0].map_fd;
}

uint32_t kplug_buffer_map_id(const struct kplug_buffer *buf)
{
	return buf->part[0].map_id;
}

enum kplug_buffer_kind kplug_buffer_kind(const struct kplug_buffer *buf)
{
	return buf->kind;
}

int kplug_buffer_list(struct kplug_device *dev, struct kplug_buffer_info **ret_infos, size_t *ret_count)
{
	struct kplug_buffer_info *infos = NULL, *more;
	size_t count = 0;
	uint32_t id = 0;
	int err;

	/* The kernel fills the entry after the last; it counts once that succeeded. */
	for (;;) {
		more = reallocarray(infos, count + 1, sizeof(*infos));
		if (!more) {
			err = -ENOMEM;
			goto cleanup;
		}
		infos = more;
		infos[count] = (struct kplug_buffer_info){ .size = sizeof(*infos), .id = id };
		err = kp_ioctl(dev->fd, KPLUG_BUFFER_INFO, &infos[count]);
		if (err == -ENOENT)
			break;
		if (err)
			goto cleanup;
		id = infos[count++].out_id + 1;
	}
	*ret_infos = infos;
	*ret_count = count;
	return 0;
cleanup:
	free(infos);
	return kp_fail(err, NULL, "buffers of device %s", dev->name);
}
