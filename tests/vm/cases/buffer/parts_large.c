// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* also: iommu */
/* kernel: one */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_FREE kind:auto kind:contiguous kind:paged */
/* shows: kmod/buffer/buffer.c kmod/memory/migrate.c lib/buffer/alloc.c */
/* order: first */
/* timeout: 300 */
/* More than one map can be, by the library: in parts, which are one piece of memory to programs; up to too much. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/kind.h"
#include "lib/memory.h"

#define BYTES (KPLUG_BUFFER_MAX + PAGE + 7)

/* One byte goes through the device from the end of each part to the beginning of the other. */
static void device_reaches_all(struct kplug_buffer *buf)
{
	const struct kplug_buffer_part *part;
	uint8_t *mem = kplug_buffer_ptr(buf);
	size_t count, i;

	part = kplug_buffer_parts(buf, &count);
	for (i = 0; i < count; i++) {
		const struct kplug_buffer_part *next = &part[(i + 1) % count];

		mem[part[i].offset + part[i].bytes - 1] = (uint8_t)(0x40 + i);
		kind_dma_in(dev, part[i].dma_addr + part[i].bytes - 1, 0, 1);
		kind_dma_out(dev, 0, next->dma_addr, 1);
		assert_int_equal(mem[next->offset], 0x40 + i);
	}
}

static int other_process(void *arg)
{
	struct kplug_buffer *buf = NULL;

	(void)arg;
	NEED(!kplug_buffer_open(dev, "large", &buf));
	NEED(kplug_buffer_size(buf) == BYTES);
	NEED(!memcmp((uint8_t *)kplug_buffer_ptr(buf) + KPLUG_BUFFER_MAX - 2, "seam", 4));
	return 0;
}

static void two_parts(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 64, .keep = true };
	long before = memory_available_kib();
	struct kplug_buffer *buf, *none = NULL;
	size_t count;

	assert_ok(kplug_buffer_alloc(dev, "large", BYTES, &opts, &buf));
	kplug_buffer_parts(buf, &count);
	assert_int_equal(count, 2);
	assert_int_equal(kplug_buffer_size(buf), BYTES);
	assert_int_equal(kplug_buffer_kind(buf), rig_machine("iommu") ? KPLUG_BUFFER_PAGED : KPLUG_BUFFER_CONTIGUOUS);
	assert_int_equal(kind_count(dev), 2);
	assert_true(kind_all(kplug_buffer_ptr(buf), 0, BYTES));
	memcpy((uint8_t *)kplug_buffer_ptr(buf) + KPLUG_BUFFER_MAX - 2, "seam", 4);
	assert_int_equal(kind_child(other_process, NULL), 0);
	device_reaches_all(buf);
	assert_errno(EEXIST, kplug_buffer_alloc(dev, "large", BYTES, &opts, &none));
	assert_null(none);
	kplug_buffer_free(buf);
	assert_int_equal(kind_count(dev), 2);
	assert_ok(kplug_buffer_drop(dev, "large"));
	assert_int_equal(kind_count(dev), 0);
	rig_until(memory_is_back, &before);
}

/* Or a third, where the kernel's watchers have memory of their own everywhere. */
static void half_of_the_memory(void)
{
	size_t share = strstr(getenv("KPLUG_KERNEL"), "-kplug-debug") ? 3 : 2;
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	size_t bytes = (size_t)sysconf(_SC_PHYS_PAGES) / share * PAGE, count;
	long before = memory_available_kib();
	struct kplug_buffer *buf;

	assert_true(before > (long)(bytes >> 10) + (64 << 10)); /* only a few cases come before it: see `order` */
	assert_ok(kplug_buffer_alloc(dev, "half", bytes, &opts, &buf));
	print_message("# %zu MiB\n", bytes >> 20);
	kplug_buffer_parts(buf, &count);
	assert_true(count > 1);
	for (size_t i = 0; i < bytes; i += PAGE)
		((uint8_t *)kplug_buffer_ptr(buf))[i] = 0x5a;
	device_reaches_all(buf);
	kplug_buffer_free(buf);
	assert_int_equal(kind_count(dev), 0);
	rig_until(memory_is_back, &before);
}

static int open_oom(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	return open(path, O_WRONLY | O_CLOEXEC);
}

/* Refused, and no program is killed for it, not even one that offers itself. */
static void all_that_there_is(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	size_t bytes = (size_t)sysconf(_SC_PHYS_PAGES) * PAGE;
	long before = memory_available_kib();
	struct kplug_buffer *buf = NULL;
	int status, fd, err;
	pid_t pid;

	pid = fork();
	if (!pid)
		for (;;)
			pause();
	assert_true(pid > 0);
	fd = open_oom(pid);
	assert_int_equal(write(fd, "1000", 4), 4);
	close(fd);
	err = kplug_buffer_alloc(dev, "all", bytes, &opts, &buf);
	assert_true(err == -ENOMEM || (err == -ENOSPC && !rig_machine("iommu")));
	assert_null(buf);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(kind_count(dev), 0);
	rig_until(memory_is_back, &before);
}

/* What an attempt has taken is there for the next. */
static void what_there_is(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 64, .retry_smaller = true };
	size_t bytes = (size_t)sysconf(_SC_PHYS_PAGES) * PAGE;
	long before = memory_available_kib();
	struct kplug_buffer *buf;

	assert_ok(kplug_buffer_alloc(dev, "some", bytes, &opts, &buf));
	print_message("# %zu of %zu MiB\n", kplug_buffer_size(buf) >> 20, bytes >> 20);
	assert_true(kplug_buffer_size(buf) > bytes / 3);
	kplug_buffer_free(buf);
	assert_int_equal(kind_count(dev), 0);
	rig_until(memory_is_back, &before);
}

static void a_page_more(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	size_t bytes = ((size_t)sysconf(_SC_PHYS_PAGES) + 1) * PAGE;
	struct kplug_buffer *buf = NULL;

	assert_errno(EFBIG, kplug_buffer_alloc(dev, "more", bytes, &opts, &buf));
	assert_null(buf);
	assert_int_equal(kind_count(dev), 0);
}

int main(void)
{
	static const struct rig_test tests[] = {
		TEST(two_parts),     TEST(half_of_the_memory), TEST(all_that_there_is),
		TEST(what_there_is), TEST(a_page_more),
	};

	return RIG_RUN(tests, RIG_EDU_64);
}
