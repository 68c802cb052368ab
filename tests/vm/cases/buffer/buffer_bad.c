// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_BUFFER_ALLOC kind:contiguous kind:paged kmod/buffer/buffer.c kmod/buffer/list.c kmod/dma/dma.c */
/* Bad allocations are refused, each with one argument wrong, and leave nothing behind. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/kind.h"

static uint32_t dma_bits;

static uint32_t bits_in_force(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info.out_dma_bits;
}

static void setup(void)
{
	dma_bits = bits_in_force();
}

static void teardown(void)
{
	assert_int_equal(kind_count(dev), 0);
	assert_int_equal(bits_in_force(), dma_bits);
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
	return rig_buffer_undo(kplug_device_fd(dev), &req);
}

static void a_good_one(void)
{
	assert_int_equal(try(good()), 0);
}

static void no_name(void)
{
	struct kplug_buffer_alloc req = good();

	req.name[0] = 0;
	assert_errno(EINVAL, try(req));
}

static void name_without_an_end(void)
{
	struct kplug_buffer_alloc req = good();

	memset(req.name, 'n', KPLUG_BUFFER_NAME_LEN);
	assert_errno(EINVAL, try(req));
	req.name[KPLUG_BUFFER_NAME_LEN - 1] = 0;
	assert_int_equal(try(req), 0);
}

static void name_with_bad_characters(void)
{
	const char *names[] = { " ", "a b", "/", "a/b", "-", "a-b", "a\n", "\xe4", "a\x7f", "%s" };
	struct kplug_buffer_alloc req = good();
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(req.name, 0, sizeof(req.name));
		strcpy(req.name, names[i]);
		assert_errno(EINVAL, try(req));
	}
}

static void name_of_300_bytes(void)
{
	struct kplug_buffer *buf = NULL;
	char name[301] = {};

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

static void name_taken(void)
{
	struct kplug_buffer *buf = kind_buffer(dev, "good", PAGE);
	int64_t least = INT64_MAX, start;
	int i;

	/* It waits up to a second, but only for a buffer that programs alone hold. A busy machine is not slow each time. */
	for (i = 0; i < 10; i++) {
		start = now_ms();
		assert_errno(EEXIST, try(good()));
		least = now_ms() - start < least ? now_ms() - start : least;
	}
	assert_true(least < 500);
	assert_int_equal(kind_count(dev), 1);
	kplug_buffer_free(buf);
}

static void no_bytes(void)
{
	struct kplug_buffer_alloc req = good();

	req.bytes = 0;
	assert_errno(EINVAL, try(req));
}

static void too_many_bytes(void)
{
	const uint64_t bytes[] = { KPLUG_BUFFER_MAX + 1ULL, (1ULL << 32) + 1, UINT64_MAX - PAGE + 1, UINT64_MAX };
	struct kplug_buffer_alloc req = good();
	size_t i;

	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		req.bytes = bytes[i];
		assert_errno(EINVAL, try(req));
	}
}

static void more_than_the_mask_has(void)
{
	struct kplug_buffer_alloc req = good();

	req.bytes = KPLUG_BUFFER_MAX;
	req.dma_bits = 28;
	if (rig_machine("iommu"))
		req = (struct kplug_buffer_alloc){
			.size = sizeof(req), .bytes = 4 << 20, .kind = kind, .dma_bits = 21, .name = "good"
		};
	assert_errno(rig_machine("iommu") ? ENOMEM : EFBIG, try(req));
}

static void unknown_kind(void)
{
	struct kplug_buffer_alloc req = good();

	req.kind = KPLUG_BUFFER_WC + 1;
	assert_errno(EINVAL, try(req));
	req.kind = UINT32_MAX;
	assert_errno(EINVAL, try(req));
}

static void unknown_flag(void)
{
	struct kplug_buffer_alloc req = good();

	req.flags = KPLUG_BUFFER_RIGHTS << 1;
	assert_errno(EINVAL, try(req));
	req.flags = 1U << 31;
	assert_errno(EINVAL, try(req));
}

static void paged_without_an_iommu(void)
{
	struct kplug_buffer_alloc req = good();

	req.kind = KPLUG_BUFFER_PAGED;
	assert_errno(EOPNOTSUPP, try(req));
	req.kind = KPLUG_BUFFER_ARENA;
	assert_errno(EOPNOTSUPP, try(req));
}

static void more_bits_than_there_are(void)
{
	struct kplug_buffer_alloc req = good();

	req.dma_bits = 65;
	assert_errno(ERANGE, try(req));
	req.dma_bits = UINT32_MAX;
	assert_errno(ERANGE, try(req));
}

static void more_bits_than_the_device_has(void)
{
	struct kplug_buffer_alloc req = good();

	req.dma_bits = 29;
	assert_errno(ERANGE, try(req));
}

/* The kernel has no memory zone for so few; behind an IOMMU there is no device address so low. */
static void fewer_bits_than_the_kernel_can(void)
{
	const uint32_t none[] = { 1, 12, 23 };
	struct kplug_buffer_alloc req = good();
	size_t i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		req.dma_bits = none[i];
		if (!rig_machine("iommu"))
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

static void no_fd_is_free(void)
{
	struct kplug_buffer_alloc req = good();

	assert_int_equal(kind_child(without_an_fd, &req), 0);
	assert_int_equal(kind_count(dev), 0);
}

static void out_values_after_a_failure(void)
{
	struct kplug_buffer_alloc req = good();

	req.bytes = 0;
	req.out_fd = req.out_id = req.out_map_id = 77;
	assert_fails(EINVAL, ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req));
	assert_int_equal(req.out_fd, 77);
	assert_int_equal(req.out_id, 77);
	assert_int_equal(req.out_map_id, 77);
}

int main(void)
{
	const struct rig_test tests[] = {
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
	const struct rig_test without_iommu[] = { TEST(paged_without_an_iommu) };
	const struct rig_test soft_only[] = { TEST(more_bits_than_the_device_has) }; /* edu's limit is not known */
	int failed = KIND_RUN(tests, .setup = setup, .teardown = teardown);

	if (rig_machine("iommu"))
		return failed;
	failed += RIG_RUN(without_iommu, RIG_BOTH, .setup = setup, .teardown = teardown);
	return failed + RIG_RUN(soft_only, RIG_SOFT, .setup = setup, .teardown = teardown);
}
