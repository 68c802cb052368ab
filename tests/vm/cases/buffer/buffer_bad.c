// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* shows: KPLUG_BUFFER_ALLOC kind:contiguous kind:paged kmod/buffer/buffer.c kmod/buffer/list.c kmod/dma/dma.c */
/* Allocations that are refused: each with one thing wrong. Nothing is left behind. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/kind.h"

static const struct rig_dev *at;
static struct kplug_device *dev;
static uint32_t dma_bits;

static uint32_t bits_in_force(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info.out_dma_bits;
}

static int setup(void **state)
{
	at = *state;
	dev = rig_open(at);
	dma_bits = bits_in_force();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(kind_count(dev), 0);
	assert_int_equal(bits_in_force(), dma_bits);
	kplug_device_close(dev);
	return 0;
}

/* One that succeeds as it is. */
static struct kplug_buffer_alloc good(void)
{
	return (struct kplug_buffer_alloc){
		.size = sizeof(struct kplug_buffer_alloc), .bytes = 3 * PAGE, .kind = kind, .name = "good"
	};
}

/* The ioctl's errno, or 0. What it has made is gone. */
static int try(struct kplug_buffer_alloc req)
{
	if (ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req))
		return -errno;
	close(req.out_fd);
	return 0;
}

static void a_good_one(void **state)
{
	(void)state;
	assert_int_equal(try(good()), 0);
}

static void no_name(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	req.name[0] = 0;
	assert_errno(EINVAL, try(req));
}

static void name_without_an_end(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	memset(req.name, 'n', KPLUG_BUFFER_NAME_LEN);
	assert_errno(EINVAL, try(req));
	req.name[KPLUG_BUFFER_NAME_LEN - 1] = 0;
	assert_int_equal(try(req), 0);
}

static void name_with_bad_characters(void **state)
{
	const char *names[] = { " ", "a b", "/", "a/b", "-", "a-b", "a\n", "\xe4", "a\x7f", "%s" };
	struct kplug_buffer_alloc req = good();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(req.name, 0, sizeof(req.name));
		strcpy(req.name, names[i]);
		assert_errno(EINVAL, try(req));
	}
}

static void name_of_300_bytes(void **state)
{
	struct kplug_buffer *buf = NULL;
	char name[301] = {};

	(void)state;
	memset(name, 'n', 300);
	assert_errno(EINVAL, kplug_buffer_alloc(dev, name, PAGE, NULL, &buf));
	assert_non_null(strstr(kplug_error(), "300 bytes"));
	assert_errno(EINVAL, kplug_buffer_open(dev, name, &buf));
	assert_errno(EINVAL, kplug_buffer_drop(dev, name));
	assert_null(buf);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void name_taken(void **state)
{
	struct kplug_buffer *buf = kind_buffer(dev, "good", PAGE);
	int64_t least = INT64_MAX, start;
	int i;

	(void)state;
	/* It waits up to a second, but only for one that programs alone hold. A busy machine may be slow, but not each time. */
	for (i = 0; i < 10; i++) {
		start = now_ms();
		assert_errno(EEXIST, try(good()));
		least = now_ms() - start < least ? now_ms() - start : least;
	}
	assert_true(least < 500);
	assert_int_equal(kind_count(dev), 1);
	kplug_buffer_free(buf);
}

static void no_bytes(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	req.bytes = 0;
	assert_errno(EINVAL, try(req));
}

static void too_many_bytes(void **state)
{
	const uint64_t bytes[] = { KPLUG_BUFFER_MAX + 1ULL, (1ULL << 32) + 1, UINT64_MAX - PAGE + 1, UINT64_MAX };
	struct kplug_buffer_alloc req = good();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		req.bytes = bytes[i];
		assert_errno(EINVAL, try(req));
	}
}

static void more_than_the_mask_has(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	req.bytes = KPLUG_BUFFER_MAX;
	req.dma_bits = 28;
	if (kind_machine("iommu"))
		req = (struct kplug_buffer_alloc){
			.size = sizeof(req), .bytes = 4 << 20, .kind = kind, .dma_bits = 21, .name = "good"
		};
	assert_errno(kind_machine("iommu") ? ENOMEM : EFBIG, try(req));
}

static void unknown_kind(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	req.kind = KPLUG_BUFFER_WC + 1;
	assert_errno(EINVAL, try(req));
	req.kind = UINT32_MAX;
	assert_errno(EINVAL, try(req));
}

static void unknown_flag(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	req.flags = KPLUG_BUFFER_RIGHTS << 1;
	assert_errno(EINVAL, try(req));
	req.flags = 1U << 31;
	assert_errno(EINVAL, try(req));
}

static void paged_without_an_iommu(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	req.kind = KPLUG_BUFFER_PAGED;
	assert_errno(EOPNOTSUPP, try(req));
	req.kind = KPLUG_BUFFER_ARENA;
	assert_errno(EOPNOTSUPP, try(req));
}

static void more_bits_than_there_are(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	req.dma_bits = 65;
	assert_errno(ERANGE, try(req));
	req.dma_bits = UINT32_MAX;
	assert_errno(ERANGE, try(req));
}

static void more_bits_than_the_device_has(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	req.dma_bits = 29;
	assert_errno(ERANGE, try(req));
}

/* The kernel has no memory zone for so few; behind an IOMMU there is no device address so low. */
static void fewer_bits_than_the_kernel_can(void **state)
{
	const uint32_t none[] = { 1, 12, 23 };
	struct kplug_buffer_alloc req = good();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		req.dma_bits = none[i];
		if (!kind_machine("iommu"))
			assert_errno(EIO, try(req));
		else if (none[i] <= 12)
			assert_errno(ENOMEM, try(req));
	}
}

/* The lowest file descriptor that is free is above the limit. */
static int without_an_fd(void *arg)
{
	struct rlimit limit = {};
	int err;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = dup(0);
	close(limit.rlim_cur);
	NEED(!setrlimit(RLIMIT_NOFILE, &limit));
	err = try(*(struct kplug_buffer_alloc *)arg);
	NEED(err == -EMFILE);
	return 0;
}

static void no_fd_is_free(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	assert_int_equal(kind_child(without_an_fd, &req), 0);
	assert_int_equal(kind_count(dev), 0);
	req.flags = KPLUG_BUFFER_KEEP;
	assert_int_equal(kind_child(without_an_fd, &req), 0);
}

static void out_values_after_a_failure(void **state)
{
	struct kplug_buffer_alloc req = good();

	(void)state;
	req.bytes = 0;
	req.out_fd = req.out_id = req.out_map_id = 77;
	assert_fails(EINVAL, ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req));
	assert_int_equal(req.out_fd, 77);
	assert_int_equal(req.out_id, 77);
	assert_int_equal(req.out_map_id, 77);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_good_one),
		TEST(no_name),
		TEST(name_without_an_end),
		TEST(name_with_bad_characters),
		TEST(name_of_300_bytes),
		TEST(name_taken),
		TEST(no_bytes),
		TEST(too_many_bytes),
		TEST(more_than_the_mask_has),
		TEST(unknown_kind),
		TEST(unknown_flag),
		TEST(more_bits_than_there_are),
		TEST(fewer_bits_than_the_kernel_can),
		TEST(no_fd_is_free),
		TEST(out_values_after_a_failure),
	};
	const struct CMUnitTest without_iommu[] = { TEST(paged_without_an_iommu) };
	const struct CMUnitTest soft_only[] = { TEST(more_bits_than_the_device_has) }; /* edu's limit is not known */

	if (kind_machine("iommu"))
		return KIND_RUN(tests);
	return KIND_RUN(tests) + RIG_RUN(without_iommu, RIG_BOTH) + RIG_RUN(soft_only, RIG_SOFT);
}
