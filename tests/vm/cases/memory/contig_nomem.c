// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_BUFFER_ALLOC kind:contiguous kmod/memory/migrate.c lib/buffer/alloc.c */
/* timeout: 600 */
/*
 * Contiguous buffers without room for them: in little memory, and between pages that cannot move. The error says which
 * it is, the search ends in time, and a request that allows less gets what there is.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "lib/kind.h"
#include "lib/memory.h"

#define MIB (1UL << 20)
#define ASKED (400 * MIB)
#define LEFT (200 * MIB) /* of memory that is available is not taken */
#define STEP (4 * MIB) /* between pages that stay */

static struct kplug_device *holder; /* keeps the locks from test to test */
static uint8_t *taken;
static size_t taken_bytes;
static struct kplug_lock **locks; /* of the pages that stay, one each STEP; NULL: all is taken */

static size_t available(void)
{
	return (size_t)memory_available_kib() << 10;
}

/* All memory but a little, in small pages. */
static void take_memory(void)
{
	taken_bytes = (available() - LEFT) / STEP * STEP;
	taken = mmap(NULL, taken_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(taken, MAP_FAILED);
	assert_int_equal(madvise(taken, taken_bytes, MADV_NOHUGEPAGE), 0);
	assert_int_equal(madvise(taken, taken_bytes, MADV_POPULATE_WRITE), 0);
}

/* Gives it back but for pages that stay: they are locked for the device, and so cannot move. */
static void scatter(void)
{
	size_t count = taken_bytes / STEP, i;

	locks = (struct kplug_lock **)calloc(count, sizeof(struct kplug_lock *));
	assert_non_null(locks);
	for (i = 0; i < count; i++) {
		assert_ok(kplug_dma_lock(holder, taken + i * STEP, PAGE, NULL, &locks[i]));
		assert_int_equal(madvise(taken + i * STEP + PAGE, STEP - PAGE, MADV_DONTNEED), 0);
	}
}

static void release_all(void)
{
	size_t i;

	for (i = 0; locks && i < taken_bytes / STEP; i++)
		kplug_dma_unlock(locks[i]);
	free((void *)locks);
	munmap(taken, taken_bytes);
	kplug_device_close(holder);
}

static int try(const struct kplug_alloc_opts *wanted, struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts opts = *wanted;

	opts.sz = sizeof(opts);
	opts.kind = KPLUG_BUFFER_CONTIGUOUS;
	opts.dma_bits = 64;
	return kplug_buffer_alloc(holder, "short", ASKED, &opts, ret_buf);
}

static void not_enough_memory(void)
{
	struct kplug_alloc_opts opts = {};
	struct kplug_buffer *buf = NULL;

	holder = rig_open(at);
	assert_errno(ENOMEM, try(&opts, &buf));
	assert_non_null(strstr(kplug_error(), "not enough free memory"));
	assert_null(buf);
}

static void not_in_time(void)
{
	struct kplug_alloc_opts opts = { .timeout_ms = 1 };
	struct kplug_buffer *buf = NULL;

	assert_errno(ETIME, try(&opts, &buf));
	assert_non_null(strstr(kplug_error(), "in time"));
	opts.retry_smaller = true;
	assert_errno(ETIME, try(&opts, &buf));
	assert_null(buf);
}

static void not_in_one_piece(void)
{
	struct kplug_alloc_opts opts = {};
	struct kplug_buffer *buf = NULL;

	scatter();
	assert_true(available() > ASKED);
	assert_errno(ENOSPC, try(&opts, &buf));
	assert_non_null(strstr(kplug_error(), "not in one piece"));
	assert_null(buf);
}

static void what_there_is(void)
{
	struct kplug_alloc_opts opts = { .retry_smaller = true };
	struct kplug_buffer *buf;

	assert_ok(try(&opts, &buf));
	printf("# %zu of %lu bytes\n", kplug_buffer_size(buf), ASKED);
	assert_in_range(kplug_buffer_size(buf), PAGE, ASKED - 1);
	assert_true(kind_all(kplug_buffer_ptr(buf), 0, kplug_buffer_size(buf)));
	kplug_buffer_free(buf);
	assert_int_equal(kind_count(holder), 0);
}

int main(void)
{
	/* In this order: the first two with all memory taken. */
	const struct rig_test tests[] = {
		TEST(not_enough_memory),
		TEST(not_in_time),
		TEST(not_in_one_piece),
		TEST(what_there_is),
	};

	return RIG_RUN(tests, RIG_EDU_64, .closed = true, .begin = take_memory, .end = release_all);
}
