// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Allocates buffers: in parts, if larger than one map can be. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer/buffer.h"

static const struct kp_reason alloc_reasons[] = {
	{ EINVAL, "out of range; size: 1 byte or more, an arena up to 512 MiB; name: letters, digits, '_' and '.'; DMA "
		  "bits: 0 to 64" },
	{ EEXIST, "the device has a buffer of this name; free it first, or choose another name" },
	{ ENOMEM, "not enough free memory; stop programs, or ask for less" },
	{ ENOPKG,
	  "this needs the module kplug_memory, which is not installed; load it (modprobe kplug_memory), ask for "
	  "less, or use an IOMMU and kind paged" },
	{ ENOSPC, "enough memory is free, but not in one piece; ask for less, or sooner after boot, or use an "
		  "IOMMU and kind paged" },
	{ EFBIG, "more than the machine's memory, or than the device can address; ask for less, for more DMA bits, or "
		 "use an IOMMU" },
	{ EDQUOT, "exceeds the limit of locked memory (ulimit -l), of the device (kplug limit) or of the memory cgroup "
		  "(memory.max); raise it, or ask for less" },
	{ EOVERFLOW, "the device has used up its buffer ids; unbind it, and bind it again" },
	{ ENXIO, "no such NUMA node, or it has no memory (numactl --hardware shows them)" },
	{ EMFILE, "each part of 512 MiB takes a file descriptor; raise the limit (ulimit -n)" },
	{ ETIME, "no contiguous memory of this size was found in time; allow more time, or ask for less" },
	{ ERANGE, "the device cannot address so many bits; ask for fewer, or 0" },
	{ EIO, "the kernel cannot do DMA with this mask, or would bounce the data (swiotlb); ask for more bits, or use "
	       "an IOMMU" },
	{ EPERM, "no program in a user namespace may allocate, and only one with CAP_CHOWN for another user or group; "
		 "run it as root" },
	{ EFAULT, "no memory for the arena's pages; stop programs, or ask for less" },
	{ EOPNOTSUPP, "this kind is not possible here: paged and arena need an IOMMU, wc needs x86, all need a "
		      "cache-coherent device; contiguous and wc need a kernel that the modules' build knew (the "
		      "kernel's log says so)" },
	{ 0, NULL },
};

static const struct kp_reason import_reasons[] = {
	{ EINVAL, "out of range; size: 1 byte to 512 MiB; DMA bits: 0 to 64" },
	{ ENOPKG, "the module kplug_memory is not installed; load it (modprobe kplug_memory)" },
	{ EEXIST, "the device has a buffer of this name; free it first, or choose another name" },
	{ EBUSY, "its memory is a buffer of the device already; use that one" },
	{ ERANGE, "the device cannot address so many bits; ask for fewer, or 0" },
	{ EIO, "the device cannot address the memory, or not in one piece; ask for more bits, or use an IOMMU" },
	{ EACCES, "the device or the dma-buf is open read-only; open the device, and export the dma-buf, for writing" },
	{ EPERM, "no program in a user namespace may allocate, and only one with CAP_CHOWN for another user or group; "
		 "run it as root" },
	{ EOPNOTSUPP, "the device is not cache-coherent, or the exporter gives the kernel no CPU access" },
	{ 0, NULL },
};

static bool is_short_of_memory(int err)
{
	return err == -ENOMEM || err == -ENOSPC || err == -EFBIG || err == -EDQUOT;
}

static size_t parts_of(size_t bytes)
{
	return bytes ? (bytes - 1) / KPLUG_BUFFER_MAX + 1 : 1;
}

/* An ioctl on all parts of a name. */
static int on_name(const struct kplug_device *dev, unsigned long ioctl, const char name[KPLUG_BUFFER_NAME_LEN])
{
	struct kplug_buffer_name req = { .size = sizeof(req) };

	memcpy(req.name, name, sizeof(req.name));
	return kp_ioctl(dev->fd, ioctl, &req);
}

/* Frees the parts from `first` on; there are no others. */
static void undo_parts(const struct kplug_device *dev, const struct kplug_buffer_alloc *like,
		       const struct kplug_buffer *buf, size_t first)
{
	if (first < buf->count)
		on_name(dev, KPLUG_BUFFER_FREE, like->name);
	for (; first < buf->count; first++)
		close(buf->part[first].map_fd);
}

/* Allocates part i; all but its size and number is as in `like`. */
static int request_part(const struct kplug_device *dev, const struct kplug_buffer_alloc *like, int64_t deadline,
			struct kplug_buffer *buf, size_t i)
{
	struct kplug_buffer_part *part = &buf->part[i];
	struct kplug_buffer_alloc req = *like;
	int err;

	req.bytes = part->bytes;
	req.part = (uint16_t)i;
	req.parts = (uint16_t)(buf->count > 1 ? buf->count : 0);
	if (deadline >= 0)
		req.timeout_ms = kp_remaining_ms(deadline) ?: 1;
	err = kp_ioctl(dev->fd, KPLUG_BUFFER_ALLOC, &req);
	if (err)
		return err;
	buf->kind = req.out_kind;
	part->dma_addr = req.out_dma_addr;
	part->id = req.out_id;
	part->map_id = req.out_map_id;
	part->map_fd = req.out_fd;
	return 0;
}

/* All parts or none. Part 0 comes last: who finds it finds the others. */
static int request_parts(const struct kplug_device *dev, const struct kplug_buffer_alloc *like, int64_t deadline,
			 struct kplug_buffer *buf)
{
	size_t i;
	int err;

	/* Refuse before the first part, or the parts would use up the machine's memory. */
	if (like->kind != KPLUG_BUFFER_IMPORTED && buf->bytes / kp_page_round(1) > (size_t)sysconf(_SC_PHYS_PAGES))
		return -EFBIG;
	buf->count = parts_of(buf->bytes);
	for (i = buf->count; i-- > 0;) {
		struct kplug_buffer_part *part = &buf->part[i];

		part->offset = i * KPLUG_BUFFER_MAX;
		part->bytes = i + 1 < buf->count ? KPLUG_BUFFER_MAX : buf->bytes - part->offset;
		err = request_part(dev, like, deadline, buf, i);
		if (err) {
			undo_parts(dev, like, buf, i + 1);
			return err;
		}
	}
	return 0;
}

/* With retry_smaller, buf->bytes becomes the size obtained. */
static int request_buffer(const struct kplug_device *dev, const struct kplug_alloc_opts *opts,
			  struct kplug_buffer_alloc *like, struct kplug_buffer *buf)
{
	int64_t deadline = kp_deadline_ms(opts->timeout_ms && opts->timeout_ms < INT_MAX ? (int)opts->timeout_ms : -1);
	const size_t page = kp_page_round(1);
	size_t smaller;
	int err;

	like->timeout_ms = opts->timeout_ms;
	for (;;) {
		err = request_parts(dev, like, deadline, buf);
		if (!opts->retry_smaller || !is_short_of_memory(err) || buf->bytes <= page)
			return err;
		smaller = buf->bytes - buf->bytes / 8;
		buf->bytes = smaller > page ? smaller / page * page : page;
		if (deadline >= 0 && !kp_remaining_ms(deadline))
			return -ETIME;
	}
}

static int request_arena(const struct kplug_device *dev, const char *name, struct kplug_buffer_alloc *like,
			 struct kplug_buffer *buf)
{
	size_t bytes = kp_page_round(buf->bytes);
	int fd, err;

	err = kp_arena_create(name, bytes, &fd, &buf->ptr);
	if (err)
		return err;
	like->memory_fd = fd;
	like->arena_addr = (uintptr_t)buf->ptr;
	buf->part[0].bytes = buf->bytes;
	err = request_part(dev, like, -1, buf, 0);
	close(fd);
	if (!err)
		return 0;
	munmap(buf->ptr, bytes);
	return kp_fail(err, alloc_reasons, "arena %s of %zu bytes on device %s", name, bytes, dev->name);
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

static int fill_in(struct kplug_buffer_alloc *req, const char *name, const struct kplug_alloc_opts *opts, int dmabuf_fd)
{
	int err = kp_buffer_name(req->name, name);

	req->kind = opts->kind;
	req->dma_bits = opts->dma_bits;
	req->node = opts->node;
	set_rights(req, opts->rights);
	if (req->kind == KPLUG_BUFFER_IMPORTED)
		req->memory_fd = dmabuf_fd;
	return err;
}

static void own(struct kplug_device *dev, const char name[KPLUG_BUFFER_NAME_LEN], struct kplug_buffer *buf)
{
	buf->owned.end = KPLUG_BUFFER_FREE;
	buf->owned.buffer.size = sizeof(buf->owned.buffer);
	memcpy(buf->owned.buffer.name, name, KPLUG_BUFFER_NAME_LEN);
	kp_owned_add(dev, &buf->owned);
}

int kp_buffer_alloc(struct kplug_device *dev, const char *name, size_t bytes, const struct kplug_alloc_opts *opts,
		    int dmabuf_fd, struct kplug_buffer **ret_buf)
{
	struct kplug_buffer_alloc like = { .size = sizeof(like), .out_fd = -1 };
	struct kplug_buffer *buf;
	int err;

	err = fill_in(&like, name, opts, dmabuf_fd);
	if (err)
		return err;
	if (parts_of(bytes) > UINT16_MAX)
		return kp_err(-EINVAL, "buffer %s: %zu bytes need more than %d parts; ask for less", name, bytes,
			      UINT16_MAX);
	buf = kp_buffer_new(name, parts_of(bytes));
	if (!buf)
		return -ENOMEM;
	buf->bytes = bytes;
	if (like.kind == KPLUG_BUFFER_ARENA && bytes && bytes <= KPLUG_BUFFER_MAX) {
		err = request_arena(dev, name, &like, buf);
	} else {
		err = request_buffer(dev, opts, &like, buf);
		if (err)
			kp_fail(err, dmabuf_fd < 0 ? alloc_reasons : import_reasons,
				"buffer %s of %zu bytes on device %s", name, bytes, dev->name);
	}
	if (err)
		goto err_free;
	err = kp_buffer_map(dev, name, buf);
	if (err)
		goto err_undo;
	if (opts->keep)
		on_name(dev, KPLUG_BUFFER_KEEP, like.name); /* cannot fail: this open device owns it */
	else
		own(dev, like.name, buf);
	*ret_buf = buf;
	return 0;

err_undo:
	undo_parts(dev, &like, buf, 0);
err_free:
	free(buf);
	return err;
}

int kplug_buffer_alloc(struct kplug_device *dev, const char *name, size_t bytes, const struct kplug_alloc_opts *opts,
		       struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts known;
	int err;

	err = kp_opts(&known, sizeof(known), opts, "kplug_alloc_opts");
	if (!err && (known.kind == KPLUG_BUFFER_IMPORTED || known.kind > KPLUG_BUFFER_WC))
		err = kp_err(-EINVAL, "buffer %s: kind %d cannot be allocated", name, (int)known.kind);
	return err ?: kp_buffer_alloc(dev, name, bytes, &known, -1, ret_buf);
}
