// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_."

struct kplug_buffer {
	void *ptr; /* NULL or mapped */
	size_t bytes;
	uint64_t dma_addr;
	uint32_t id;
	size_t offset; /* of ptr, in what the kernel calls the buffer */
	uint32_t map_id;
	enum kplug_buffer_kind kind;
	int fd; /* of the map; -1: read-only, through the node */
};

static const struct kp_reason alloc_reasons[] = {
	{ EINVAL, "refused; size: 1 byte to 512 MiB; name: letters, digits, '_' and '.'; DMA bits: 0 to 64" },
	{ EEXIST, "the device has a buffer of this name; free it first, or take another name" },
	{ ENOMEM, "not enough free memory; end programs, or ask for less" },
	{ ENOSPC, "there is enough free memory, but not in one piece; ask for less, or sooner after boot, or use an "
		  "IOMMU and kind paged" },
	{ EFBIG, "more than all memory that the device reaches; ask for less or for more DMA bits, or use an IOMMU" },
	{ EDQUOT,
	  "over the limit of locked memory (ulimit -l) or of the memory cgroup (memory.max); raise it, or ask for "
	  "less" },
	{ ENXIO, "there is no memory on this NUMA node (numactl --hardware shows them)" },
	{ ETIME, "found no piece of memory so large in time; give more time, or ask for less" },
	{ ERANGE, "the device cannot address so many bits; ask for fewer, or 0" },
	{ EIO, "the kernel cannot do DMA with this mask, or would copy the data (swiotlb); ask for more bits, or use "
	       "an IOMMU" },
	{ EPERM, "only root (CAP_CHOWN) gives a buffer to another user, or to a group that he is not in" },
	{ EFAULT, "no memory for the arena's pages; end programs, or ask for less" },
	{ EOPNOTSUPP, "this kind is not possible here: paged and arena need an IOMMU, wc needs x86, all a cache-coherent device" },
	{ 0, NULL },
};

static const struct kp_reason import_reasons[] = {
	{ EINVAL, "refused; size: 1 byte to 512 MiB; DMA bits: 0 to 64" },
	{ EEXIST, "the device has a buffer of this name; free it first, or take another name" },
	{ ERANGE, "the device cannot address so many bits; ask for fewer, or 0" },
	{ EIO, "the device does not reach the memory, or not in one piece; ask for more bits, or use an IOMMU" },
	{ EACCES, "the device, or the dma-buf, is open for reading only; open it for writing, and export it so" },
	{ EPERM, "only root (CAP_CHOWN) gives a buffer to another user, or to a group that he is not in" },
	{ EOPNOTSUPP, "the device is not cache-coherent, or the exporter does not let the kernel read and write it" },
	{ 0, NULL },
};

static const struct kp_reason lookup_reasons[] = {
	{ ENOENT, "the device has no buffer of this name" },
	{ EACCES, "its owner, group and mode do not let you in (kplug buffer list shows them), or a security policy "
		  "refuses it; open it for writing, or change the policy" },
	{ ERANGE, "not a part of it, or not from a page's boundary on; an arena has no parts" },
	{ EINVAL, "refused; a name has letters, digits, '_' and '.'" },
	{ 0, NULL },
};

static const struct kp_reason access_reasons[] = {
	{ EINVAL, "refused; to read, to write, or both" },
	{ ENOENT, "the device has it no more" },
	{ ERANGE, "not a part of it" },
	{ EACCES, "to write it needs a device that is open for writing, and to read or write the buffer's rights" },
	{ EINTR, "a signal came; try again" },
	{ 0, NULL },
};

static const struct kp_reason drop_reasons[] = {
	{ ENOENT, "the device has no kept buffer of this name" },
	{ EACCES, "its owner, group and mode do not let you write (kplug buffer list shows them), or a security policy "
		  "refuses it; open it for writing, or change the policy" },
	{ 0, NULL },
};

int kp_buffer_name(char to[KPLUG_BUFFER_NAME_LEN], const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= KPLUG_BUFFER_NAME_LEN)
		return kp_err(-EINVAL, "buffer %.64s: the name has %zu bytes; it must have 1 to %d", name, len,
			      KPLUG_BUFFER_NAME_LEN - 1);
	if (name[strspn(name, NAME_CHARS)])
		return kp_err(-EINVAL, "buffer %s: a name has letters, digits, '_' and '.'", name);
	memcpy(to, name, len);
	return 0;
}

/* Maps it, unless it is: then it is unmapped on an error. */
static int make(const struct kplug_device *dev, const char *name, const struct kplug_buffer *from, int map_fd, int prot,
		off_t offset, struct kplug_buffer **ret_buf)
{
	struct kplug_buffer *buf = malloc(sizeof(*buf));
	int err;

	if (!buf) {
		if (from->ptr)
			munmap(from->ptr, kp_page_round(from->bytes));
		return kp_fail(-ENOMEM, NULL, "buffer %s", name);
	}
	*buf = *from;
	if (!buf->ptr)
		buf->ptr = mmap(NULL, kp_page_round(buf->bytes), prot, MAP_SHARED, map_fd, offset);
	if (buf->ptr == MAP_FAILED) {
		err = errno == ENXIO && map_fd == dev->fd ? -ENOENT : -errno; /* it has ended meanwhile */
		free(buf);
		return kp_fail(err, lookup_reasons, "buffer %s on device %s: cannot be mapped", name, dev->name);
	}
	*ret_buf = buf;
	return 0;
}

static bool wants_memory(int err)
{
	return err == -ENOMEM || err == -ENOSPC || err == -EFBIG || err == -EDQUOT;
}

/* req->bytes ends as what there is. */
static int request(const struct kplug_device *dev, const struct kplug_alloc_opts *opts, struct kplug_buffer_alloc *req)
{
	int64_t end = kp_end_ms(opts->timeout_ms && opts->timeout_ms < INT_MAX ? (int)opts->timeout_ms : -1);
	const size_t page = kp_page_round(1);
	size_t less;
	int err;

	req->timeout_ms = opts->timeout_ms;
	for (;;) {
		err = kp_ioctl(dev->fd, KPLUG_BUFFER_ALLOC, req);
		if (!opts->retry_smaller || !wants_memory(err) || req->bytes <= page)
			return err;
		less = req->bytes - req->bytes / 8;
		req->bytes = less > page ? less / page * page : page;
		if (end >= 0) {
			req->timeout_ms = kp_left_ms(end);
			if (!req->timeout_ms)
				return -ETIME;
		}
	}
}

static int request_arena(const struct kplug_device *dev, const char *name, struct kplug_buffer_alloc *req,
			 void **ret_ptr)
{
	size_t bytes = kp_page_round(req->bytes);
	int fd, err;

	err = kp_arena_make(name, bytes, &fd, ret_ptr);
	if (err)
		return err;
	req->memory_fd = fd;
	req->arena_addr = (uintptr_t)*ret_ptr;
	err = kp_ioctl(dev->fd, KPLUG_BUFFER_ALLOC, req);
	close(fd);
	if (err)
		munmap(*ret_ptr, bytes);
	return err ? kp_fail(err, alloc_reasons, "arena %s of %zu bytes on device %s", name, bytes, dev->name) : 0;
}

static void set_rights(struct kplug_buffer_alloc *req, const struct kplug_buffer_rights *rights)
{
	if (!rights)
		return;
	req->flags |= KPLUG_BUFFER_RIGHTS;
	req->mode = rights->mode;
	req->uid = rights->uid;
	req->gid = rights->gid;
}

int kp_buffer_alloc(struct kplug_device *dev, const char *name, size_t bytes, const struct kplug_alloc_opts *opts,
		    int dmabuf_fd, struct kplug_buffer **ret_buf)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req), .bytes = bytes, .out_fd = -1 };
	struct kplug_buffer_free drop = { .size = sizeof(drop) };
	struct kplug_buffer from;
	void *ptr = NULL;
	int err;

	err = kp_buffer_name(req.name, name);
	if (err)
		return err;
	req.kind = opts->kind;
	req.dma_bits = opts->dma_bits;
	req.node = opts->node;
	req.flags = opts->keep ? KPLUG_BUFFER_KEEP : 0;
	set_rights(&req, opts->rights);
	if (req.kind == KPLUG_BUFFER_IMPORTED)
		req.memory_fd = dmabuf_fd;
	if (req.kind == KPLUG_BUFFER_ARENA && bytes && bytes <= KPLUG_BUFFER_MAX) {
		err = request_arena(dev, name, &req, &ptr);
	} else {
		err = request(dev, opts, &req);
		if (err)
			kp_fail(err, dmabuf_fd < 0 ? alloc_reasons : import_reasons,
				"buffer %s of %zu bytes on device %s", name, bytes, dev->name);
	}
	if (err)
		return err;

	from = (struct kplug_buffer){ .ptr = ptr,
				      .bytes = req.bytes,
				      .dma_addr = req.out_dma_addr,
				      .id = req.out_id,
				      .map_id = req.out_map_id,
				      .kind = req.out_kind,
				      .fd = req.out_fd };
	err = make(dev, name, &from, req.out_fd, PROT_READ | PROT_WRITE, 0, ret_buf);
	if (err) {
		/* Nobody knows yet that it is to be kept. */
		if (opts->keep) {
			memcpy(drop.name, req.name, sizeof(drop.name));
			kp_ioctl(dev->fd, KPLUG_BUFFER_FREE, &drop);
		}
		close(req.out_fd);
	}
	return err;
}

int kplug_buffer_alloc(struct kplug_device *dev, const char *name, size_t bytes, const struct kplug_alloc_opts *opts,
		       struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts known;
	int err;

	err = kp_opts(&known, sizeof(known), opts, "kplug_alloc_opts");
	if (!err && (known.kind == KPLUG_BUFFER_IMPORTED || known.kind > KPLUG_BUFFER_WC))
		err = kp_err(-EINVAL, "buffer %s: %d is no kind of buffer to allocate", name, (int)known.kind);
	return err ?: kp_buffer_alloc(dev, name, bytes, &known, -1, ret_buf);
}

static int look_up(struct kplug_device *dev, const char *name, uint32_t flags, struct kplug_buffer_info *ret_info)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .flags = flags, .out_fd = -1 };
	int err = kp_buffer_name(info.name, name);

	if (err)
		return err;
	err = kp_ioctl(dev->fd, KPLUG_BUFFER_INFO, &info);
	if (err)
		return kp_fail(err, lookup_reasons, "buffer %s on device %s", name, dev->name);
	*ret_info = info;
	return 0;
}

int kp_buffer_info(struct kplug_device *dev, const char *name, struct kplug_buffer_info *ret_info)
{
	return look_up(dev, name, 0, ret_info);
}

int kp_buffer_fd(struct kplug_device *dev, const char *name, struct kplug_buffer_info *ret_info, int *ret_fd)
{
	int err = look_up(dev, name, KPLUG_BUFFER_FD, ret_info);

	if (!err)
		*ret_fd = ret_info->out_fd;
	return err;
}

/* The part's device address; the whole for bytes == SIZE_MAX. */
static int cut(struct kplug_buffer *part, size_t offset, size_t bytes)
{
	if (bytes == SIZE_MAX && !offset)
		return 0;
	if (!bytes || offset % kp_page_round(1) || offset > part->bytes || bytes > part->bytes - offset)
		return -ERANGE;
	part->dma_addr += offset;
	part->offset = offset;
	part->bytes = bytes;
	return 0;
}

/* A map's fd cannot be mapped read-only where others may write: the node serves that. An arena has its one place. */
static int map_part(struct kplug_device *dev, const struct kplug_buffer_info *info, size_t offset, size_t bytes,
		    struct kplug_buffer **ret_buf)
{
	struct kplug_buffer part = { .bytes = info->out_bytes,
				     .dma_addr = info->out_dma_addr,
				     .id = info->out_id,
				     .map_id = info->out_map_id,
				     .kind = info->out_kind,
				     .fd = info->out_fd };
	off_t at = (off_t)(KPLUG_MMAP_BUFFER(info->out_id) + offset);
	bool in_place = part.kind == KPLUG_BUFFER_ARENA && !dev->read_only;
	int err;

	err = in_place && (offset || bytes != SIZE_MAX) ? -ERANGE : cut(&part, offset, bytes);
	if (err)
		return kp_fail(err, lookup_reasons, "%zu bytes from offset %zu of buffer %s", bytes, offset,
			       info->out_name);
	if (dev->read_only)
		return make(dev, info->out_name, &part, dev->fd, PROT_READ, at, ret_buf);
	if (in_place)
		err = kp_arena_map(info, &part.ptr);
	return err ?: make(dev, info->out_name, &part, info->out_fd, PROT_READ | PROT_WRITE, (off_t)offset, ret_buf);
}

int kplug_buffer_open_part(struct kplug_device *dev, const char *name, size_t offset, size_t bytes,
			   struct kplug_buffer **ret_buf)
{
	struct kplug_buffer_info info = { 0 };
	int err;

	err = look_up(dev, name, dev->read_only ? 0 : KPLUG_BUFFER_FD, &info);
	if (err)
		return err;
	err = map_part(dev, &info, offset, bytes, ret_buf);
	if (err && info.out_fd >= 0)
		close(info.out_fd);
	return err;
}

int kplug_buffer_open(struct kplug_device *dev, const char *name, struct kplug_buffer **ret_buf)
{
	return kplug_buffer_open_part(dev, name, 0, SIZE_MAX, ret_buf);
}

void kplug_buffer_free(struct kplug_buffer *buf)
{
	if (!buf)
		return;
	munmap(buf->ptr, kp_page_round(buf->bytes));
	if (buf->fd >= 0)
		close(buf->fd);
	free(buf);
}

int kplug_buffer_drop(struct kplug_device *dev, const char *name)
{
	struct kplug_buffer_free req = { .size = sizeof(req) };
	int err = kp_buffer_name(req.name, name);

	if (err)
		return err;
	err = kp_ioctl(dev->fd, KPLUG_BUFFER_FREE, &req);
	return err ? kp_fail(err, drop_reasons, "buffer %s on device %s", name, dev->name) : 0;
}

static int access_part(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
		       uint32_t access, uint32_t end)
{
	struct kplug_buffer_access req = {
		.size = sizeof(req), .flags = access | end, .id = buf->id, .offset = buf->offset + offset, .bytes = bytes
	};
	int err = 0;

	if (!access || access & ~(KPLUG_ACCESS_READ | KPLUG_ACCESS_WRITE))
		err = -EINVAL;
	else if (!bytes || offset > buf->bytes || bytes > buf->bytes - offset)
		err = -ERANGE;
	err = err ?: kp_ioctl(dev->fd, KPLUG_BUFFER_ACCESS, &req);
	return err ? kp_fail(err, access_reasons, "access to %zu bytes from offset %zu of a buffer of device %s", bytes,
			     offset, dev->name) :
		     0;
}

int kplug_buffer_begin_access(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			      uint32_t access)
{
	return access_part(dev, buf, offset, bytes, access, 0);
}

int kplug_buffer_end_access(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			    uint32_t access)
{
	return access_part(dev, buf, offset, bytes, access, KPLUG_ACCESS_END);
}

void *kplug_buffer_ptr(const struct kplug_buffer *buf)
{
	return buf->ptr;
}

size_t kplug_buffer_size(const struct kplug_buffer *buf)
{
	return buf->bytes;
}

uint64_t kplug_buffer_dma_addr(const struct kplug_buffer *buf)
{
	return buf->dma_addr;
}

int kplug_buffer_map_fd(const struct kplug_buffer *buf)
{
	return buf->fd;
}

uint32_t kplug_buffer_map_id(const struct kplug_buffer *buf)
{
	return buf->map_id;
}

enum kplug_buffer_kind kplug_buffer_kind(const struct kplug_buffer *buf)
{
	return buf->kind;
}
