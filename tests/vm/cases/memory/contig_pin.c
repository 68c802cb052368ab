// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* shows: kind:contiguous kind:paged kmod/buffer/contiguous.c kmod/memory/migrate.c */
/* Pinned pages outlive their buffer and are not reused before the last pin is released. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/kind.h"

#define MIB (1UL << 20)
#define PIPED 8 /* pages from each end */

static long users; /* of the module, without buffers: each holds it until its memory has been given back */

static bool no_buffer_is_left(void *arg)
{
	FILE *f = fopen("/sys/module/kplug/refcnt", "r");
	long count;

	(void)arg;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &count), 1);
	fclose(f);
	users = users ?: count;
	return count == users;
}

static void setup(void)
{
	users = 0;
	no_buffer_is_left(NULL);
}

static void teardown(void)
{
	rig_until(no_buffer_is_left, NULL);
}

static void fill(uint8_t *p, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i += PAGE)
		memset(p + i, 1 + i / PAGE % 200, PAGE);
}

/* Takes the memory that has become free, and writes to it. */
static void overwrite(size_t bytes)
{
	struct kplug_buffer *buf = kind_buffer(dev, "other", bytes);
	void *p = mmap(NULL, 256 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	memset(kplug_buffer_ptr(buf), 0xff, bytes);
	memset(p, 0xff, 256 * MIB);
	munmap(p, 256 * MIB);
	kplug_buffer_free(buf);
}

/* The next pages in the pipe are those of the buffer from page `first` on. */
static void assert_piped(int fd, size_t first)
{
	uint8_t page[PAGE];
	size_t i;

	for (i = first; i < first + PIPED; i++) {
		assert_int_equal(read(fd, page, PAGE), PAGE);
		if (!kind_all(page, i ? 1 + i % 200 : 0, PAGE))
			fail_msg("page %zu has changed", i);
	}
}

static void outlived_by_a_pipe(size_t bytes)
{
	struct kplug_buffer *buf;
	struct iovec ends[2];
	int fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	buf = kind_buffer(dev, "pinned", bytes);
	fill(kplug_buffer_ptr(buf), bytes);
	ends[0] = (struct iovec){ kplug_buffer_ptr(buf), PIPED * PAGE };
	ends[1] = (struct iovec){ (char *)kplug_buffer_ptr(buf) + bytes - PIPED * PAGE, PIPED * PAGE };
	assert_int_equal(vmsplice(fd[1], ends, 2, 0), 2 * PIPED * PAGE);
	/* The pages themselves are in the pipe, no copy. */
	memset(kplug_buffer_ptr(buf), 0, PAGE);
	kplug_buffer_free(buf);
	rig_until(no_buffer_is_left, NULL);

	overwrite(bytes);
	assert_piped(fd[0], 0);
	assert_piped(fd[0], bytes / PAGE - PIPED);
	close(fd[0]);
	close(fd[1]);
}

static void of_the_page_allocator(void)
{
	outlived_by_a_pipe(64 * PAGE);
}

static void got_by_migration(void)
{
	outlived_by_a_pipe(5 * MIB);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(of_the_page_allocator),
		TEST(got_by_migration),
	};

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
