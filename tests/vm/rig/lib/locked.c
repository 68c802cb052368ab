// SPDX-License-Identifier: GPL-2.0-only
#include "locked.h"

#include <sys/mman.h>

struct kplug_lock *lock;
long pins_before;
bool translated;

void locked_setup(void)
{
	translated = rig_machine("iommu");
	lock = NULL;
	pins_before = pins();
}

void locked_teardown(void)
{
	kplug_dma_unlock(lock);
	rig_close();
	pins_until(pins_before);
}

struct kplug_lock *lock_it(void *p, size_t bytes)
{
	struct kplug_lock_opts opts = { .sz = sizeof(opts), .dma_bits = translated ? 28 : 64 };
	struct kplug_lock *made = NULL;

	assert_ok(kplug_dma_lock(dev, p, bytes, &opts, &made));
	return made;
}

uint64_t locked_of_device(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info.out_locked;
}

void *map(size_t bytes, int flags, int fd)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		fail_msg("mmap: %s", strerror(errno));
	return p;
}

void *anonymous(size_t bytes)
{
	return map(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

uint64_t address(size_t offset, size_t *ret_left)
{
	const struct kplug_dma_entry *e;
	size_t count;

	for (e = kplug_dma_entries(lock, &count); offset >= e->bytes; e++)
		offset -= e->bytes;
	*ret_left = e->bytes - offset;
	return e->addr + offset;
}

void device_copies(size_t from, size_t to, size_t bytes)
{
	size_t n, left;

	for (; bytes; bytes -= n, from += n, to += n) {
		uint64_t source = address(from, &n), target = address(to, &left);

		n = n < left ? n : left;
		n = n < bytes ? n : bytes;
		n = n < CHUNK ? n : CHUNK;
		kind_dma_in(dev, source, 0, n);
		kind_dma_out(dev, 0, target, n);
	}
}
