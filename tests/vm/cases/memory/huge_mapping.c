// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* shows: kind:contiguous kmod/memory/huge.c kmod/buffer/mmap.c */
/* Buffers by pages of 2 MiB: how many page faults they take, beside the usual mapping, and what is refused. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/kind.h"

#define HUGE (2UL << 20)
#define BYTES (4 * HUGE + 3 * PAGE) /* more than the buddy allocator has in one piece */

static struct kplug_buffer *buf, *huge;

static void setup(void)
{
	static const struct kplug_buffer_rights readable = { .mode = 0604, .uid = KPLUG_SELF, .gid = KPLUG_SELF };
	struct kplug_alloc_opts opts = {
		.sz = sizeof(opts), .kind = KPLUG_BUFFER_CONTIGUOUS, .dma_bits = 28, .rights = &readable
	};

	assert_ok(kplug_buffer_alloc(dev, "large", BYTES, &opts, &buf));
	assert_ok(kplug_buffer_open_huge(dev, "large", &huge));
}

static void teardown(void)
{
	kplug_buffer_free(huge);
	kplug_buffer_free(buf);
	huge = buf = NULL;
}

/* Its mapping is the node's, and keeps the file open. */
static void closing_the_device_ends_its_interrupts(void)
{
	struct kplug_device *other = rig_open(at);
	struct kplug_buffer *more = NULL;
	struct kplug_irq_info info;

	assert_ok(kplug_buffer_open_huge(other, "large", &more));
	assert_ok(kplug_irq_enable(other, 0, NULL, 0));
	assert_ok(kplug_irq_info(dev, 0, &info));
	assert_int_equal(info.out_users, 1);
	kplug_device_close(other);
	assert_ok(kplug_irq_info(dev, 0, &info));
	assert_int_equal(info.out_users, 0);
	kplug_buffer_free(more);
}

static long faults(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_minflt;
}

/* Touches each page; gives the page faults that it took. */
static long write_all(volatile uint8_t *mem, size_t bytes, uint8_t value)
{
	long before = faults();

	for (size_t i = 0; i < bytes; i += PAGE)
		mem[i] = value;
	return faults() - before;
}

static void a_fault_for_each_2_mib(void)
{
	uint8_t *mem = kplug_buffer_ptr(huge), *usual = kplug_buffer_ptr(buf);
	long taken;

	assert_int_equal((uintptr_t)mem % HUGE, 0);
	taken = write_all(mem, BYTES, 0x5a);
	print_message("# %ld page faults for %lu pages\n", taken, BYTES / PAGE);
	assert_in_range(taken, 4 + 3, 40); /* of the test itself a few */
	for (size_t i = 0; i < BYTES; i += PAGE)
		assert_int_equal(usual[i], 0x5a);
	usual[BYTES - 1] = 7;
	assert_int_equal(mem[BYTES - 1], 7);
	kind_dma_in(dev, kplug_buffer_dma_addr(huge) + HUGE, 0, 1);
	kind_dma_out(dev, 0, kplug_buffer_dma_addr(huge) + 3 * HUGE + 1, 1);
	assert_int_equal(mem[3 * HUGE + 1], 0x5a);
}

static void *raw(size_t offset, size_t bytes, int prot, void *where)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .name = "large" };
	int flags = MAP_SHARED | (where ? MAP_FIXED : 0);

	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_BUFFER_INFO, &info), 0);
	return mmap(where, bytes, prot, flags, kplug_device_fd(dev), (off_t)(KPLUG_MMAP_HUGE(info.out_id) + offset));
}

/* Where the boundaries do not meet, by the usual pages. */
static void where_2_mib_do_not_align(void)
{
	uint8_t *usual = kplug_buffer_ptr(buf), *room, *mem;

	for (size_t i = 0; i < BYTES; i += PAGE)
		memcpy(usual + i, &i, sizeof(i));
	room = mmap(NULL, 4 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(room, MAP_FAILED);
	mem = raw(0, 2 * HUGE, PROT_READ, (uint8_t *)(((uintptr_t)room + HUGE - 1) / HUGE * HUGE) + PAGE);
	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_memory_equal(mem, usual, 2 * HUGE);
	munmap(room, 4 * HUGE);
	mem = raw(HUGE - PAGE, 2 * HUGE + 2 * PAGE, PROT_READ, NULL);
	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_int_equal((uintptr_t)mem % HUGE, HUGE - PAGE);
	assert_memory_equal(mem, usual + HUGE - PAGE, 2 * HUGE + 2 * PAGE);
	/* In pieces */
	assert_int_equal(munmap(mem + HUGE, PAGE), 0);
	assert_memory_equal(mem, usual + HUGE - PAGE, HUGE);
	assert_memory_equal(mem + HUGE + PAGE, usual + 2 * HUGE, HUGE + PAGE);
	assert_int_equal(mprotect(mem, HUGE / 2, PROT_NONE), 0);
	assert_memory_equal(mem + HUGE / 2, usual + HUGE / 2 + HUGE - PAGE, HUGE / 2);
	munmap(mem, 2 * HUGE + 2 * PAGE);
}

static void past_the_end(void)
{
	assert_ptr_equal(raw(0, BYTES + PAGE, PROT_READ, NULL), MAP_FAILED);
	assert_int_equal(errno, ENXIO);
	assert_ptr_equal(raw(BYTES, PAGE, PROT_READ, NULL), MAP_FAILED);
	assert_int_equal(errno, ENXIO);
	assert_ptr_equal(mremap(kplug_buffer_ptr(huge), BYTES, BYTES + HUGE, MREMAP_MAYMOVE), MAP_FAILED);
	assert_int_equal(errno, EFAULT);
}

static int of_a_child(void *arg)
{
	uint8_t *mem = arg;

	NEED(mem[HUGE] == 0x11);
	mem[HUGE] = 0x22;
	return 0;
}

static void shared_with_a_child(void)
{
	uint8_t *mem = kplug_buffer_ptr(huge);

	mem[HUGE] = 0x11;
	assert_int_equal(kind_child(of_a_child, mem), 0);
	assert_int_equal(mem[HUGE], 0x22);
}

static void cannot_be_pinned(void)
{
	struct iovec from = { kplug_buffer_ptr(huge), 1 }, usual = { kplug_buffer_ptr(buf), 1 };
	uint8_t copy;
	struct iovec to = { &copy, 1 };
	int pair[2];

	*(uint8_t *)kplug_buffer_ptr(huge) = 1;
	assert_int_equal(pipe(pair), 0);
	assert_fails(EFAULT, vmsplice(pair[1], &from, 1, 0));
	assert_int_equal(vmsplice(pair[1], &usual, 1, 0), 1);
	assert_int_equal(process_vm_readv(getpid(), &to, 1, &from, 1, 0), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(process_vm_readv(getpid(), &to, 1, &usual, 1, 0), 1);
	close(pair[0]);
	close(pair[1]);
}

static void read_only(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_buffer *theirs;
	struct kplug_device *own;

	((uint8_t *)kplug_buffer_ptr(buf))[HUGE] = 0x33;
	assert_ok(kplug_device_open(at->name, &opts, &own));
	assert_ok(kplug_buffer_open_huge(own, "large", &theirs));
	assert_int_equal(((uint8_t *)kplug_buffer_ptr(theirs))[HUGE], 0x33);
	assert_fails(EACCES, mprotect(kplug_buffer_ptr(theirs), HUGE, PROT_READ | PROT_WRITE));
	kplug_buffer_free(theirs);
	kplug_device_close(own);
}

/* The user may read the buffer, and the node is open for writing. */
static int of_another_user(void *arg)
{
	void *mem;

	(void)arg;
	NEED(!setresgid(4243, 4243, 4243) && !setresuid(4243, 4243, 4243));
	rig_close();
	NEED(!kplug_device_open(at->name, NULL, &dev));
	NEED(raw(0, HUGE, PROT_READ | PROT_WRITE, NULL) == MAP_FAILED && errno == EACCES);
	mem = raw(0, HUGE, PROT_READ, NULL);
	NEED(mem != MAP_FAILED && ((uint8_t *)mem)[5] == 0x44);
	NEED(mprotect(mem, HUGE, PROT_READ | PROT_WRITE) && errno == EACCES);
	return 0;
}

static void rights(void)
{
	char path[64];

	((uint8_t *)kplug_buffer_ptr(buf))[5] = 0x44;
	snprintf(path, sizeof(path), "/dev/kplug/%s", at->name);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(kind_child(of_another_user, NULL), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void other_kinds(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = KPLUG_BUFFER_WC };
	struct kplug_buffer *stream, *mapped = NULL;
	struct kplug_buffer_info info = { .size = sizeof(info), .name = "stream" };

	assert_ok(kplug_buffer_alloc(dev, "stream", PAGE, &opts, &stream));
	assert_errno(EOPNOTSUPP, kplug_buffer_open_huge(dev, "stream", &mapped));
	assert_non_null(strstr(kplug_error(), "only a contiguous buffer"));
	assert_errno(ENOENT, kplug_buffer_open_huge(dev, "none", &mapped));
	assert_null(mapped);
	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_BUFFER_INFO, &info), 0);
	assert_ptr_equal(
		mmap(NULL, PAGE, PROT_READ, MAP_SHARED, kplug_device_fd(dev), (off_t)KPLUG_MMAP_HUGE(info.out_id)),
		MAP_FAILED);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_ptr_equal(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, kplug_device_fd(dev), (off_t)KPLUG_MMAP_HUGE(99)),
			 MAP_FAILED);
	assert_int_equal(errno, ENXIO);
	kplug_buffer_free(stream);
}

/* It is listed as a holder, and holds the memory when the buffer has ended. */
static void holds_the_memory(void)
{
	struct kplug_holder *found;
	size_t count;
	void *mem = raw(0, BYTES, PROT_READ | PROT_WRITE, NULL);

	assert_ptr_not_equal(mem, MAP_FAILED);
	kplug_buffer_free(huge);
	huge = NULL;
	assert_ok(kplug_buffer_holders(dev, "large", &found, &count));
	assert_int_equal(count, 1);
	assert_int_equal(found[0].pid, getpid());
	assert_int_equal(found[0].how, KPLUG_HOLD_FD | KPLUG_HOLD_WRITE);
	free(found);
	kplug_buffer_free(buf);
	buf = NULL;
	assert_int_equal(kind_count(dev), 0);
	assert_true(kind_all(mem, 0, BYTES));
	munmap(mem, BYTES);
}

/* Its pages come as before. */
static void device_goes(void)
{
	uint8_t *mem = kplug_buffer_ptr(huge);

	mem[0] = 1;
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
	assert_int_equal(mem[0], 1);
	write_all(mem, BYTES, 9);
	assert_int_equal(((uint8_t *)kplug_buffer_ptr(buf))[BYTES - 3 * PAGE], 9);
	rig_close();
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 0) : kplug_bind(at->name, false));
	dev = rig_open(at);
}

/* Two threads that come to the same pages at once. */
static void *writes_all(void *arg)
{
	write_all(arg, BYTES, 3);
	return NULL;
}

static void two_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 20; i++) {
		uint8_t *mem = raw(0, BYTES, PROT_READ | PROT_WRITE, NULL);

		assert_ptr_not_equal(mem, MAP_FAILED);
		assert_int_equal(pthread_create(&thread, NULL, writes_all, mem), 0);
		write_all(mem, BYTES, 3);
		pthread_join(thread, NULL);
		assert_int_equal(mem[BYTES - PAGE], 3);
		munmap(mem, BYTES);
	}
}

static int part_of(uint16_t part, uint64_t bytes)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req),
					  .bytes = bytes,
					  .kind = KPLUG_BUFFER_CONTIGUOUS,
					  .name = "parts",
					  .part = part,
					  .parts = 2 };

	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req), 0);
	return req.out_fd;
}

/* All of them, though their sum is not of whole large pages. */
static void of_parts(void)
{
	int second, first;

	kplug_buffer_free(huge);
	kplug_buffer_free(buf);
	huge = buf = NULL;
	second = part_of(1, 3 * HUGE + PAGE);
	first = part_of(0, 3 * HUGE);
	assert_ok(kplug_buffer_open_huge(dev, "parts", &huge));
	assert_int_equal((uintptr_t)kplug_buffer_ptr(huge) % HUGE, 0);
	assert_in_range(write_all(kplug_buffer_ptr(huge), 6 * HUGE + PAGE, 1), 7, 40);
	close(first);
	close(second);
	assert_int_equal(rig_buffer_ioctl(kplug_device_fd(dev), KPLUG_BUFFER_FREE, "parts"), 0);
}

/* The page allocator's: mapped by its small pages. */
static void of_a_small_buffer(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = KPLUG_BUFFER_CONTIGUOUS, .dma_bits = 28 };
	struct kplug_buffer *usual, *mapped;

	assert_ok(kplug_buffer_alloc(dev, "small", 3 * PAGE, &opts, &usual));
	assert_ok(kplug_buffer_open_huge(dev, "small", &mapped));
	write_all(kplug_buffer_ptr(mapped), 3 * PAGE, 0x66);
	assert_int_equal(((uint8_t *)kplug_buffer_ptr(usual))[2 * PAGE], 0x66);
	kplug_buffer_free(mapped);
	kplug_buffer_free(usual);
}

int main(void)
{
	static const struct rig_test tests[] = {
		TEST(closing_the_device_ends_its_interrupts),
		TEST(a_fault_for_each_2_mib),
		TEST(where_2_mib_do_not_align),
		TEST(past_the_end),
		TEST(shared_with_a_child),
		TEST(cannot_be_pinned),
		TEST(read_only),
		TEST(rights),
		TEST(other_kinds),
		TEST(holds_the_memory),
		TEST(device_goes),
		TEST(two_threads),
		TEST(of_parts),
		TEST(of_a_small_buffer),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
