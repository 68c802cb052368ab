// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* shows: KPLUG_DMA_LOCK KPLUG_DMA_ENTRIES KPLUG_DMA_UNLOCK kmod/memory/umem.c kmod/dma/dma.c */
/* shows: lib/buffer/umem.c */
/* timeout: 240 */
/* The program's own memory, locked for DMA: what can be locked, that the device reaches it, and parts. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/locked.h"

#define HUGE (2 * MIB)

/* Is the list what the interface promises for so many bytes? */
static void assert_list(size_t bytes)
{
	const struct kplug_dma_entry *e;
	size_t count, sum = 0, i;

	e = kplug_dma_entries(lock, &count);
	assert_true(count > 0);
	if (translated)
		assert_int_equal(count, 1);
	for (i = 0; i < count; sum += e[i++].bytes) {
		assert_true(e[i].bytes > 0);
		if (i)
			assert_int_equal(e[i].addr % PAGE, 0);
		if (i + 1 < count) {
			assert_int_equal((e[i].addr + e[i].bytes) % PAGE, 0);
			assert_int_not_equal(e[i].addr + e[i].bytes, e[i + 1].addr); /* or it should have been merged */
		}
	}
	assert_int_equal(sum, bytes);
}

/* The device copies the first `bytes` to the end. */
static void assert_reached(uint8_t *p, size_t size, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		p[i] = (uint8_t)(i * 7 + 1);
	memset(p + size - bytes, 0, bytes);
	device_copies(0, size - bytes, bytes);
	assert_memory_equal(p, p + size - bytes, bytes);
}

static void of_malloc(void)
{
	size_t bytes = 5 * PAGE + 100;
	uint8_t *p = malloc(bytes + 1);

	assert_non_null(p);
	p += (uintptr_t)p % 2 ? 0 : 1; /* of no alignment */
	lock = lock_it(p, bytes);
	assert_list(bytes);
	assert_reached(p, bytes, PAGE + 200);
	assert_int_equal(locked_of_device() / PAGE, ((uintptr_t)p % PAGE + bytes + PAGE - 1) / PAGE);
	kplug_dma_unlock(lock);
	lock = NULL;
	assert_int_equal(locked_of_device(), 0);
}

static void of_one_byte(void)
{
	uint8_t *p = anonymous(PAGE), byte = 0x5a;

	lock = lock_it(p + PAGE - 1, 1);
	assert_list(1);
	p[PAGE - 1] = byte;
	kind_dma_in(dev, kplug_dma_entries(lock, &(size_t){ 0 })->addr, 0, 1);
	p[PAGE - 1] = 0;
	kind_dma_out(dev, 0, kplug_dma_entries(lock, &(size_t){ 0 })->addr, 1);
	assert_int_equal(p[PAGE - 1], byte);
	munmap(p, PAGE);
}

/* Two locks of the same memory, each with its own view of it. */
static void of_the_same_memory_twice(void)
{
	uint8_t *p = anonymous(4 * PAGE);
	struct kplug_lock *again;

	lock = lock_it(p, 4 * PAGE);
	again = lock_it(p + PAGE, 2 * PAGE);
	assert_int_equal(locked_of_device(), 6 * PAGE);
	p[PAGE] = 0x5a;
	kind_dma_in(dev, kplug_dma_entries(again, &(size_t){ 0 })->addr, 0, 1);
	kplug_dma_unlock(again);
	kind_dma_out(dev, 0, kplug_dma_entries(lock, &(size_t){ 0 })->addr, 1);
	assert_int_equal(p[0], 0x5a);
	kplug_dma_unlock(lock);
	lock = NULL;
	assert_int_equal(locked_of_device(), 0);
	munmap(p, 4 * PAGE);
}

static void huge_pages(int count)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");

	assert_non_null(f);
	fprintf(f, "%d", count);
	assert_int_equal(fclose(f), 0);
}

static void of_huge_pages(void)
{
	const struct kplug_dma_entry *e;
	size_t count;
	uint8_t *p;

	huge_pages(2);
	p = map(2 * HUGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	lock = lock_it(p, 2 * HUGE);
	assert_list(2 * HUGE);
	e = kplug_dma_entries(lock, &count);
	assert_true(count <= 2);
	assert_int_equal(e[0].addr % HUGE, 0);
	assert_reached(p, 2 * HUGE, 2 * PAGE);
	munmap(p, 2 * HUGE);
	huge_pages(0);
}

static void of_a_memfd(void)
{
	int fd = memfd_create("lock", MFD_CLOEXEC);
	uint8_t *p, *other;

	assert_int_equal(ftruncate(fd, 8 * PAGE), 0);
	p = map(8 * PAGE, MAP_SHARED, fd);
	other = map(8 * PAGE, MAP_SHARED, fd);
	lock = lock_it(p, 8 * PAGE);
	assert_list(8 * PAGE);
	assert_reached(p, 8 * PAGE, 3 * PAGE);
	assert_memory_equal(p, other, 8 * PAGE);
	munmap(p, 8 * PAGE);
	munmap(other, 8 * PAGE);
	close(fd);
}

/* Pages in an order that nothing can merge, more than one command copies out: each entry has the right page. */
static void of_many_pieces(void)
{
	size_t pages = 3000, count, i, j, n = 0;
	int fd = memfd_create("many", MFD_CLOEXEC);
	const struct kplug_dma_entry *e;
	uint8_t *p, byte;

	assert_int_equal(ftruncate(fd, pages * PAGE), 0);
	p = map(pages * PAGE, MAP_SHARED, fd);
	memset(p, 1, pages * PAGE); /* in order, so that the pages are as good as in order */
	for (i = 0; i < pages; i++)
		assert_ptr_not_equal(mmap(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
					  i * 7 % pages * PAGE),
				     MAP_FAILED);
	for (i = 0; i < pages; i++)
		p[i * PAGE] = (uint8_t)(i % 251);
	lock = lock_it(p, pages * PAGE);
	assert_list(pages * PAGE);
	e = kplug_dma_entries(lock, &count);
	if (!translated)
		assert_true(count > 1024);
	for (i = 0; i < count; i++)
		for (j = 0; j < e[i].bytes; j += PAGE, n++) {
			if (n % 500) /* edu takes 0.1 s for each */
				continue;
			kind_dma_in(dev, e[i].addr + j, 0, 1);
			kind_dma_out(dev, 0, address(PAGE + 1, &(size_t){ 0 }), 1);
			byte = p[PAGE + 1];
			assert_int_equal(byte, n % 251);
		}
	munmap(p, pages * PAGE);
	close(fd);
}

static void assert_refused(int error, void *p, size_t bytes, const char *word)
{
	assert_errno(error, kplug_dma_lock(dev, p, bytes, NULL, &lock));
	assert_null(lock);
	assert_non_null(strstr(kplug_error(), word));
	assert_int_equal(locked_of_device(), 0);
	pins_until(pins_before);
}

static void not_of_read_only_memory(void)
{
	uint8_t *p = anonymous(4 * PAGE);

	memset(p, 1, 4 * PAGE);
	assert_int_equal(mprotect(p + 2 * PAGE, PAGE, PROT_READ), 0);
	assert_refused(EFAULT, p, 4 * PAGE, "read-only");
	assert_refused(EFAULT, p + 2 * PAGE, PAGE, "read-only");
	assert_int_equal(mprotect(p + 2 * PAGE, PAGE, PROT_NONE), 0);
	assert_refused(EFAULT, p, 4 * PAGE, "read-only");
	munmap(p, 4 * PAGE);
}

static void not_of_what_is_not_mapped(void)
{
	uint8_t *p = anonymous(4 * PAGE);

	munmap(p + PAGE, 3 * PAGE);
	assert_refused(EFAULT, p, 4 * PAGE, "not mapped");
	assert_refused(EFAULT, p + PAGE, PAGE, "not mapped");
	assert_refused(EFAULT, NULL, PAGE, "not mapped");
	assert_refused(EFAULT, (void *)0xffff888000000000, PAGE, "not mapped");
	assert_refused(EFAULT, (void *)UINTPTR_MAX, 2, "not mapped");
	munmap(p, PAGE);
}

static void not_of_registers(void)
{
	uint8_t *p;

	if (at->soft)
		skip(); /* its registers are no memory */
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BAR(0));
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_refused(EFAULT, p, PAGE, "a device");
	munmap(p, PAGE);
}

static void not_of_any_size(void)
{
	uint8_t *p = anonymous(PAGE);

	assert_refused(EINVAL, p, 0, "2 GiB");
	assert_refused(EINVAL, p, KPLUG_DMA_LOCK_MAX + 1UL, "2 GiB");
	assert_refused(EINVAL, p, SIZE_MAX, "2 GiB");
	munmap(p, PAGE);
}

static void not_with_a_bad_mask(void)
{
	struct kplug_lock_opts opts = { .sz = sizeof(opts), .dma_bits = 65 };
	struct kplug_info before, after;
	uint8_t *p = anonymous(PAGE);

	assert_ok(kplug_device_info(dev, &before));
	assert_errno(ERANGE, kplug_dma_lock(dev, p, PAGE, &opts, &lock));
	assert_non_null(strstr(kplug_error(), "fewer"));
	/* Above 16 MiB there is all the memory, nearly. Behind an IOMMU there is no device address so low. */
	opts.dma_bits = translated ? 12 : 24;
	assert_errno(translated ? ENOMEM : EIO, kplug_dma_lock(dev, p, PAGE, &opts, &lock));
	assert_non_null(strstr(kplug_error(), translated ? "device addresses" : "ask for more bits"));
	assert_null(lock);
	assert_ok(kplug_device_info(dev, &after));
	assert_int_equal(before.out_dma_bits, after.out_dma_bits);
	munmap(p, PAGE);
}

static int with_a_limit(void *arg)
{
	struct kplug_lock_opts opts = { .sz = sizeof(opts), .dma_bits = translated ? 28 : 64 };
	struct kplug_lock *one = NULL, *two = NULL;

	NEED(pins_limit(64) == 0);
	NEED(kplug_dma_lock(dev, arg, 17 * PAGE, &opts, &one) == -EDQUOT);
	NEED(strstr(kplug_error(), "RLIMIT_MEMLOCK is 64 KiB, of which 0 are in use"));
	NEED(!one && !pins_charged());
	NEED(!kplug_dma_lock(dev, arg, 12 * PAGE, &opts, &one));
	NEED(kplug_dma_lock(dev, arg, 5 * PAGE, &opts, &two) == -EDQUOT);
	NEED(strstr(kplug_error(), "of which 48 are in use"));
	NEED(!kplug_dma_lock(dev, arg, 4 * PAGE, &opts, &two));
	NEED(pins_charged() == 16 * PAGE);
	kplug_dma_unlock(one);
	kplug_dma_unlock(two);
	NEED(!pins_charged());
	return 0;
}

static void not_over_the_limit(void)
{
	uint8_t *p = anonymous(32 * PAGE);

	/* Without CAP_SYS_RAWIO an unlock is not the program's word alone. */
	rig_vouch(dev);
	assert_int_equal(kind_child(with_a_limit, p), 0);
	assert_ok(kplug_plugin_unload(dev));
	munmap(p, 32 * PAGE);
}

static void not_through_a_read_only_device(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_device *reader = NULL;
	uint8_t *p = anonymous(PAGE);

	assert_ok(kplug_device_open(at->name, &opts, &reader));
	assert_errno(EACCES, kplug_dma_lock(reader, p, PAGE, NULL, &lock));
	kplug_device_close(reader);
	munmap(p, PAGE);
}

static uint64_t dma_errors(void)
{
	uint64_t count;

	assert_ok(kplug_reg_read(dev, 0, 0xa8, 4, &count));
	return count;
}

/* Where something stands between the device and memory. */
static void unlocked_is_out_of_reach(void)
{
	uint8_t *p = anonymous(PAGE);
	uint64_t addr, errors;

	if (!at->soft)
		skip();
	lock = lock_it(p, PAGE);
	addr = kplug_dma_entries(lock, &(size_t){ 0 })->addr;
	memset(p, 0x11, PAGE);
	kplug_dma_unlock(lock);
	lock = NULL;
	assert_int_equal(locked_of_device(), 0);
	errors = dma_errors();
	kind_dma_out(dev, 0, addr, PAGE);
	assert_int_equal(dma_errors(), errors + 1);
	assert_true(kind_all(p, 0x11, PAGE));
	munmap(p, PAGE);
}

static const struct rig_test tests[] = {
	TEST(of_malloc),
	TEST(of_one_byte),
	TEST(of_the_same_memory_twice),
	TEST(of_huge_pages),
	TEST(of_a_memfd),
	TEST(of_many_pieces),
	TEST(not_of_read_only_memory),
	TEST(not_of_what_is_not_mapped),
	TEST(not_of_registers),
	TEST(not_of_any_size),
	TEST(not_with_a_bad_mask),
	TEST(not_over_the_limit),
	TEST(not_through_a_read_only_device),
	TEST(unlocked_is_out_of_reach),
};

int main(void)
{
	return LOCKED_RUN(tests);
}
