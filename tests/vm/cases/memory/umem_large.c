// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* also: iommu */
/* shows: KPLUG_DMA_LOCK KPLUG_DMA_ENTRIES kmod/memory/umem.c kmod/dma/dma.c */
/* timeout: 240 */
/* Much of the machine's memory locked: 256 MiB of 2 GiB, and 1 GiB with KPLUG_SCALE=4. */
#include <sys/mman.h>

#include "lib/kind.h"
#include "lib/pins.h"

#define MIB (1UL << 20)
#define PARTS 16
#define PART (total / PARTS)

static size_t total = 256 * MIB;

static uint64_t locked(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info.out_locked;
}

/* The device's address of a byte. */
static uint64_t address(const struct kplug_lock *lock, size_t offset)
{
	const struct kplug_dma_entry *e;
	size_t count;

	for (e = kplug_dma_entries(lock, &count); offset >= e->bytes; e++)
		offset -= e->bytes;
	return e->addr + offset;
}

/* Of each 16th the first bytes are the device's work, copied from the end of the last. */
static void assert_reached(const struct kplug_lock *lock, uint8_t *p)
{
	size_t i;

	memset(p + total - 1024, 0x5a, 1024);
	kind_dma_in(dev, address(lock, total - 1024), 0, 1024);
	for (i = 0; i < PARTS; i++) {
		memset(p + i * PART, 0, 1024);
		kind_dma_out(dev, 0, address(lock, i * PART), 1024);
		assert_true(kind_all(p + i * PART, 0x5a, 1024));
	}
}

static void lock_and_unlock(bool huge)
{
	struct kplug_lock_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	struct kplug_lock *lock = NULL;
	long before = pins();
	size_t count;
	uint8_t *p, *map;

	/* At no large page's boundary for small pages, at one for huge pages. */
	map = mmap(NULL, total + 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	p = (uint8_t *)(((uintptr_t)map + 2 * MIB - 1) & ~(2 * MIB - 1)) + (huge ? 0 : PAGE);
	assert_int_equal(madvise(map, total + 4 * MIB, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	assert_ok(kplug_dma_lock(dev, p, total, &opts, &lock));
	assert_int_equal(locked(), total);
	kplug_dma_entries(lock, &count);
	printf("# %zu entries\n", count);
	if (rig_machine("iommu"))
		assert_int_equal(count, 1);
	assert_reached(lock, p);

	kplug_dma_unlock(lock);
	assert_int_equal(locked(), 0);
	pins_until(before);
	munmap(map, total + 4 * MIB);
}

static void of_small_pages(void)
{
	lock_and_unlock(false);
}

static void of_huge_pages(void)
{
	lock_and_unlock(true);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(of_small_pages),
		TEST(of_huge_pages),
	};

	if (atof(getenv("KPLUG_SCALE")) >= 4)
		total *= 4;
	return RIG_RUN(tests, RIG_EDU_64);
}
