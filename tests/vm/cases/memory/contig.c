// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* shows: KPLUG_BUFFER_ALLOC kind:contiguous kmod/buffer/contiguous.c kmod/memory/migrate.c */
/* order: first */
/* timeout: 300 */
/*
 * Contiguous buffers of many sizes, on a device that reaches all memory, some of which has been used: each is
 * contiguous and zeroed, and its memory is given back.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/kind.h"

#define KIB 1024UL
#define MIB (1024 * KIB)
#define TOLERANCE (8 * MIB) /* caches of the kernel's come and go */

static struct kplug_buffer *buf; /* of the running test */

/* Writes to memory and gives it back, so that not all of it is zero as after the boot. */
static void dirty(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	madvise(p, bytes, MADV_HUGEPAGE);
	memset(p, 0xa5, bytes);
	munmap(p, bytes);
}

static void dirty_some(void)
{
	dirty(512 * MIB);
}

static void alloc(size_t bytes)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = KPLUG_BUFFER_CONTIGUOUS, .dma_bits = 64 };

	assert_ok(kplug_buffer_alloc(dev, "contig", bytes, &opts, &buf));
	assert_int_equal(kplug_buffer_kind(buf), KPLUG_BUFFER_CONTIGUOUS);
}

static void release(void)
{
	kplug_buffer_free(buf);
	buf = NULL;
}

/* What is free, with what the CPUs have put by for themselves, which MemFree does not count. */
static size_t memory_free(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	size_t pages = 0, n;
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " nr_free_pages %zu", &n) == 1 || sscanf(line, " count: %zu", &n) == 1)
			pages += n;
	fclose(f);
	return pages * PAGE;
}

static bool has_free(void *wanted)
{
	return memory_free() >= *(size_t *)wanted;
}

/* Waits until there is as much free memory as before, roughly. */
static void assert_given_back(size_t before)
{
	size_t wanted = before - TOLERANCE;

	rig_until(has_free, &wanted);
}

/* The page tables say where in physical memory each page is: one after the other, from the device address on. */
static void assert_contiguous(size_t bytes)
{
	uint64_t virt = (uintptr_t)kplug_buffer_ptr(buf) / PAGE, first = kplug_buffer_dma_addr(buf) / PAGE, i;
	size_t count = (bytes + PAGE - 1) / PAGE;
	uint64_t *entry = calloc(count, sizeof(*entry));
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	assert_non_null(entry);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, entry, count * 8, virt * 8), count * 8);
	for (i = 0; i < count; i++)
		if ((entry[i] & ((1ULL << 55) - 1)) != first + i)
			fail_msg("page %lu is at %#llx, not at %#lx", i, entry[i] & ((1ULL << 55) - 1), first + i);
	close(fd);
	free(entry);
}

/* From the first page to the last, and back. */
static void assert_device_reaches_both_ends(size_t bytes)
{
	uint64_t addr = kplug_buffer_dma_addr(buf);
	uint8_t *p = kplug_buffer_ptr(buf), *end = p + bytes;

	memset(p, 0x11, 1024);
	kind_dma_in(dev, addr, 0, 1024);
	kind_dma_out(dev, 0, addr + bytes - 1024, 1024);
	assert_true(kind_all(end - 1024, 0x11, 1024));
	memset(end - 1024, 0x22, 1024);
	kind_dma_in(dev, addr + bytes - 1024, 0, 1024);
	kind_dma_out(dev, 0, addr, 1024);
	assert_true(kind_all(p, 0x22, 1024));
}

static void a_size(size_t bytes)
{
	size_t before = memory_free();

	alloc(bytes);
	assert_true(kind_all(kplug_buffer_ptr(buf), 0, bytes));
	assert_contiguous(bytes);
	assert_device_reaches_both_ends(bytes);
	memset(kplug_buffer_ptr(buf), 0x5a, bytes);
	release();
	assert_given_back(before);
}

#define SIZES(X)                                                                                                       \
	X(of_4_kib, "4 KiB", 4 * KIB)                                                                                  \
	X(of_64_kib, "64 KiB", 64 * KIB)                                                                               \
	X(of_a_page_and_a_bit, "a page and a bit", 4 * KIB + 1)                                                        \
	X(of_4_mib, "4 MiB, the most of the page allocator", 4 * MIB)                                                  \
	X(of_5_mib, "5 MiB, no power of two", 5 * MIB)                                                                 \
	X(of_64_mib, "64 MiB", 64 * MIB)                                                                               \
	X(of_256_mib, "256 MiB", 256 * MIB)                                                                            \
	X(of_300_mib, "300 MiB", 300 * MIB)

#define DEFINE(fn, text, bytes)                                                                                        \
	static void fn(void)                                                                                           \
	{                                                                                                              \
		a_size(bytes);                                                                                         \
	}
SIZES(DEFINE)
#define ROW(fn, text, bytes) { .name = "edu: " text, .run = (fn) },

static void the_most(void)
{
	alloc(KPLUG_BUFFER_MAX);
	assert_contiguous(KPLUG_BUFFER_MAX);
	assert_device_reaches_both_ends(KPLUG_BUFFER_MAX);
}

static void rounds(size_t bytes, int count)
{
	size_t before = memory_free();
	int i;

	for (i = 0; i < count; i++) {
		alloc(bytes);
		((uint8_t *)kplug_buffer_ptr(buf))[bytes - 1] = 1;
		release();
		/* Freed a little later: do not make it hard for the next one. */
		assert_given_back(before);
	}
}

static void twenty_rounds(void)
{
	rounds(64 * MIB, 20);
}

/* 33 pages are got as 64: the other 31 go back at once. */
static void tails_are_given_back(void)
{
	rounds(33 * PAGE, 300);
}

int main(void)
{
	const struct rig_test tests[] = {
		SIZES(ROW) TEST(the_most),
		TEST(twenty_rounds),
		TEST(tails_are_given_back),
	};

	return RIG_RUN(tests, RIG_EDU_64, .begin = dirty_some, .teardown = release);
}
