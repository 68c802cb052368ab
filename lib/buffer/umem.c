// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* User memory, locked in place for DMA. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "buffer/buffer.h"

struct kplug_lock {
	struct kplug_device *dev;
	struct kp_owned owned;
	uint32_t count;
	struct kplug_dma_entry *entries;
};

static const struct kp_reason lock_reasons[] = {
	{ EINVAL, "out of range; bytes: 1 to 2 GiB; DMA bits: 0 to 64" },
	{ ENOPKG, "the module kplug_memory is not installed; load it (modprobe kplug_memory), or use a buffer" },
	{ EFAULT,
	  "some of it is not mapped, is read-only, or belongs to a file or a device; lock writable memory, of malloc() "
	  "or of an anonymous mmap()" },
	{ ENOMEM, "not enough memory, or behind an IOMMU not enough device addresses; lock less" },
	{ EPERM, "not in a user namespace; run it outside" },
	{ ERANGE, "the device cannot address so many bits; ask for fewer, or 0" },
	{ EIO,
	  "the device cannot address some of it with this mask, or the kernel would bounce the data (swiotlb); ask for "
	  "more bits, use an IOMMU, or use a buffer" },
	{ EOPNOTSUPP, "the device is not cache-coherent, or the memory's file system forbids long-term pins; use a "
		      "buffer" },
	{ 0, NULL },
};

static int lock_failed(int err, const void *ptr, size_t bytes, struct kplug_device *dev)
{
	struct rlimit limit = { 0 };
	struct kplug_info info = { 0 };

	if (err == -EDQUOT && !getrlimit(RLIMIT_MEMLOCK, &limit) && !kplug_device_info(dev, &info))
		return kp_err(err,
			      "memory at %p of %zu bytes for device %s: RLIMIT_MEMLOCK is %" PRIu64
			      " KiB, of which %" PRIu64
			      " are in use, and the device has limits, too (kplug limit); raise them (ulimit -l, "
			      "LimitMEMLOCK=), or lock less",
			      ptr, bytes, dev->name, (uint64_t)limit.rlim_cur >> 10, (uint64_t)info.out_charged >> 10);
	return kp_fail(err, lock_reasons, "memory at %p of %zu bytes for device %s", ptr, bytes, dev->name);
}

static int get_entries(struct kplug_lock *lock)
{
	struct kplug_dma_entries req = { .size = sizeof(req), .id = lock->owned.lock.id };
	int err;

	lock->entries = calloc(lock->count, sizeof(*lock->entries));
	if (!lock->entries)
		return -ENOMEM;
	while (req.first < lock->count) {
		req.entries = (uintptr_t)(lock->entries + req.first);
		req.max = lock->count - req.first;
		err = kp_ioctl(lock->dev->fd, KPLUG_DMA_ENTRIES, &req);
		if (err)
			return err;
		req.first += req.out_count;
	}
	return 0;
}

int kplug_dma_lock(struct kplug_device *dev, void *ptr, size_t bytes, const struct kplug_lock_opts *opts,
		   struct kplug_lock **ret_lock)
{
	struct kplug_dma_lock req = { .size = sizeof(req), .addr = (uintptr_t)ptr, .bytes = bytes };
	struct kplug_lock_opts known;
	struct kplug_lock *lock;
	int err;

	err = kp_opts(&known, sizeof(known), opts, "kplug_lock_opts");
	if (err)
		return err;
	req.dma_bits = known.dma_bits;
	lock = calloc(1, sizeof(*lock));
	if (!lock)
		return kp_fail(-ENOMEM, NULL, "memory for device %s", dev->name);
	err = kp_ioctl(dev->fd, KPLUG_DMA_LOCK, &req);
	if (err) {
		free(lock);
		return lock_failed(err, ptr, bytes, dev);
	}
	*lock = (struct kplug_lock){ .dev = dev, .count = req.out_count };
	lock->owned.end = KPLUG_DMA_UNLOCK;
	lock->owned.lock = (struct kplug_dma_unlock){ .size = sizeof(lock->owned.lock), .id = req.out_id };
	kp_owned_add(dev, &lock->owned);
	err = get_entries(lock);
	if (err) {
		kplug_dma_unlock(lock);
		return kp_fail(err, NULL, "memory at %p of %zu bytes for device %s", ptr, bytes, dev->name);
	}
	*ret_lock = lock;
	return 0;
}

const struct kplug_dma_entry *kplug_dma_entries(const struct kplug_lock *lock, size_t *ret_count)
{
	*ret_count = lock->count;
	return lock->entries;
}

void kplug_dma_unlock(struct kplug_lock *lock)
{
	if (!lock)
		return;
	kp_owned_free(&lock->owned);
	free(lock->entries);
	free(lock);
}
