// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: kind:contiguous kind:paged kmod/buffer/map.c kmod/buffer/mmap.c kmod/buffer/contiguous.c */
/* A buffer's map in memory: after any mmap call it shows the buffer's pages or nothing. */
#include <bpf/bpf.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/kind.h"

#define BYTES (3 * PAGE + 9)
#define MAPPED (4 * PAGE)
#define BAD_RANGE (kind == KPLUG_BUFFER_CONTIGUOUS ? ENXIO : EINVAL) /* vm_map_pages() and array maps differ */

static struct kplug_buffer *buf;
static uint8_t *mem; /* page i begins with the byte 0x10 + i */
static uint8_t *p; /* a mapping of the test's own */
static int fd;

static void *map_pages(size_t bytes, int prot, off_t offset)
{
	return mmap(NULL, bytes, prot, MAP_SHARED, fd, offset);
}

static void setup(void)
{
	int i;

	buf = kind_buffer(dev, "mmap", BYTES);
	mem = kplug_buffer_ptr(buf);
	fd = kplug_buffer_map_fd(buf);
	for (i = 0; i < 4; i++)
		mem[i * PAGE] = 0x10 + i;
	p = map_pages(MAPPED, PROT_READ | PROT_WRITE, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
}

static void teardown(void)
{
	munmap(p, MAPPED);
	kplug_buffer_free(buf);
}

/* Is this the buffer's page i, for reading and writing? */
static int shows(uint8_t *page, int i)
{
	NEED(page[0] == 0x10 + i);
	page[5]++;
	NEED(mem[i * PAGE + 5] == page[5]);
	return 0;
}

static int touch_two(void *arg)
{
	uint8_t *page = arg;
	volatile uint8_t sum = page[0] + page[1];

	(void)sum;
	return 0;
}

static void more_than_there_is(void)
{
	assert_fails(BAD_RANGE, (intptr_t)map_pages(MAPPED + PAGE, PROT_READ, 0));
	assert_fails(BAD_RANGE, (intptr_t)map_pages(MAPPED, PROT_READ, PAGE));
	assert_fails(BAD_RANGE, (intptr_t)map_pages(1UL << 40, PROT_READ, 0));
}

static void past_the_end(void)
{
	assert_fails(BAD_RANGE, (intptr_t)map_pages(PAGE, PROT_READ, MAPPED));
	assert_fails(BAD_RANGE, (intptr_t)map_pages(PAGE, PROT_READ, 1L << 40));
}

static void from_the_middle(void)
{
	uint8_t *q = map_pages(2 * PAGE, PROT_READ | PROT_WRITE, 2 * PAGE);

	assert_ptr_not_equal(q, MAP_FAILED);
	assert_int_equal(shows(q, 2), 0);
	assert_int_equal(shows(q + PAGE, 3), 0);
	munmap(q, 2 * PAGE);
}

static void private(void)
{
	assert_fails(EINVAL, (intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
}

/* Some kernels refuse it outright, others map it and refuse the access later. */
static void executable(void)
{
	void *q = map_pages(PAGE, PROT_READ | PROT_EXEC, 0);

	if (q != MAP_FAILED)
		munmap(q, PAGE);
	else
		assert_int_equal(errno, EPERM);
	assert_fails(EACCES, mprotect(p, MAPPED, PROT_READ | PROT_EXEC));
}

static void writable_later(void)
{
	uint8_t *q = map_pages(MAPPED, PROT_READ, 0);

	assert_ptr_not_equal(q, MAP_FAILED);
	assert_fails(EACCES, mprotect(q, MAPPED, PROT_READ | PROT_WRITE));
	munmap(q, MAPPED);
}

static void not_larger(void)
{
	assert_fails(EFAULT, (intptr_t)mremap(p, MAPPED, MAPPED + PAGE, 0));
	assert_fails(EFAULT, (intptr_t)mremap(p, MAPPED, MAPPED + PAGE, MREMAP_MAYMOVE));
	assert_fails(EFAULT, (intptr_t)mremap(p, 0, MAPPED, MREMAP_MAYMOVE));
	assert_fails(EFAULT, (intptr_t)mremap(p + 3 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	assert_int_equal(shows(p, 0), 0);
}

static void moved(void)
{
	void *hole = mmap(NULL, MAPPED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	p = mremap(p, MAPPED, MAPPED, MREMAP_MAYMOVE | MREMAP_FIXED, hole);
	assert_ptr_equal(p, hole);
	for (i = 0; i < 4; i++)
		assert_int_equal(shows(p + i * PAGE, i), 0);
}

static void smaller(void)
{
	assert_ptr_equal(mremap(p, MAPPED, 2 * PAGE, 0), p);
	assert_int_equal(shows(p + PAGE, 1), 0);
	assert_int_equal(kind_child(touch_two, p + 2 * PAGE), -SIGSEGV);
}

static void with_a_hole(void)
{
	munmap(p + PAGE, PAGE);
	assert_int_equal(shows(p, 0), 0);
	assert_int_equal(shows(p + 2 * PAGE, 2), 0);
	assert_int_equal(shows(p + 3 * PAGE, 3), 0);
	assert_int_equal(kind_child(touch_two, p + PAGE), -SIGSEGV);
}

static int touch_zapped(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 4; i++)
		NEED(!shows(p + i * PAGE, i));
	return 0;
}

/* Its pages taken out: what comes is the buffer again, or SIGBUS where the kernel cannot bring it. */
static void pages_dropped_by_madvise(void)
{
	int end;

	if (madvise(p, MAPPED, MADV_DONTNEED))
		assert_int_equal(errno, EINVAL);
	end = kind_child(touch_zapped, NULL);
	if (end != -SIGBUS)
		assert_int_equal(end, 0);
	printf("# MADV_DONTNEED: %s\n", end ? "SIGBUS" : "the buffer's pages");
	/* The other mapping still has them. */
	assert_int_equal(mem[3 * PAGE], 0x13);
}

static int fork_writes(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 4; i++)
		NEED(!shows(p + i * PAGE, i));
	p[100] = 0x77;
	return 0;
}

static void shared_over_fork(void)
{
	p[5] = 1;
	assert_int_equal(kind_child(fork_writes, NULL), 0);
	assert_int_equal(p[5], 2);
	assert_int_equal(mem[100], 0x77);
}

/* System calls read and write through the pages themselves. */
static void the_kernel_writes_to_it(void)
{
	char from[8] = "abcdefg", to[8] = "";
	struct iovec here = { from, 8 }, there = { p + PAGE - 4, 8 };
	int ends[2];

	assert_int_equal(process_vm_writev(getpid(), &here, 1, &there, 1, 0), 8);
	assert_memory_equal(mem + PAGE - 4, "abcdefg", 8);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], p + PAGE - 4, 8), 8);
	assert_int_equal(read(ends[0], to, 8), 8);
	assert_string_equal(to, "abcdefg");
	close(ends[0]);
	close(ends[1]);
}

/* The flags of the mapping at p, as smaps gives them. */
static bool has_flag(const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false, found = false;
	unsigned long start, end;
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start == (uintptr_t)p;
		else if (here && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag);
	}
	fclose(f);
	return found;
}

static void not_in_core_dumps(void)
{
	assert_true(has_flag(" sh "));
	assert_true(has_flag(" de "));
	assert_true(has_flag(" dd "));
}

/* Why there is a read-only share through the node. */
static void read_only_fd(void)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);
	int ro = bpf_map_get_fd_by_id_opts(kplug_buffer_map_id(buf), &opts);

	assert_true(ro >= 0);
	assert_fails(EINVAL, (intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0));
	assert_fails(EACCES, (intptr_t)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0));
	close(ro);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(more_than_there_is),
		TEST(past_the_end),
		TEST(from_the_middle),
		TEST(private),
		TEST(executable),
		TEST(writable_later),
		TEST(not_larger),
		TEST(moved),
		TEST(smaller),
		TEST(with_a_hole),
		TEST(pages_dropped_by_madvise),
		TEST(shared_over_fork),
		TEST(the_kernel_writes_to_it),
		TEST(not_in_core_dumps),
		TEST(read_only_fd),
	};

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
