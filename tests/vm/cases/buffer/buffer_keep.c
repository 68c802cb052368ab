// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO KPLUG_BUFFER_KEEP KPLUG_BUFFER_FREE kind:contiguous kind:paged */
/* shows: kmod/buffer/buffer.c kmod/buffer/list.c */
/* Kept buffers are the device's until they are dropped; the list of buffers shows each of them. */
#include <sys/ioctl.h>

#include "lib/kind.h"

#define BYTES (PAGE + 1)

static int keep(const char *name, struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind, .dma_bits = 28, .keep = true };

	return kplug_buffer_alloc(dev, name, BYTES, &opts, ret_buf);
}

static struct kplug_buffer *kept(const char *name)
{
	struct kplug_buffer *buf = NULL;

	assert_ok(keep(name, &buf));
	return buf;
}

static void kept_without_a_holder(void)
{
	struct kplug_buffer *buf = kept("kept");

	strcpy(kplug_buffer_ptr(buf), "still here");
	kplug_buffer_free(buf);
	rig_close();
	dev = rig_open(at);
	assert_int_equal(kind_count(dev), 1);
	assert_ok(kplug_buffer_open(dev, "kept", &buf));
	assert_string_equal(kplug_buffer_ptr(buf), "still here");
	kplug_buffer_free(buf);
	assert_int_equal(kind_count(dev), 1);

	assert_ok(kplug_buffer_drop(dev, "kept"));
	assert_errno(ENOENT, kplug_buffer_open(dev, "kept", &buf));
}

static void name_of_a_kept_one(void)
{
	struct kplug_buffer *buf = kept("kept");

	kplug_buffer_free(buf);
	assert_errno(EEXIST, keep("kept", &buf));
	assert_ok(kplug_buffer_drop(dev, "kept"));
	/* Free as soon as it is dropped. */
	kplug_buffer_free(kept("kept"));
	assert_ok(kplug_buffer_drop(dev, "kept"));
}

/* The memory stays with who holds it. */
static void dropped_while_held(void)
{
	struct kplug_buffer *buf = kept("kept"), *again = NULL;

	strcpy(kplug_buffer_ptr(buf), "still here");
	assert_ok(kplug_buffer_drop(dev, "kept"));
	assert_int_equal(kind_count(dev), 0);
	assert_errno(ENOENT, kplug_buffer_open(dev, "kept", &again));
	assert_string_equal(kplug_buffer_ptr(buf), "still here");
	kplug_buffer_free(buf);
}

static void drop_of_an_unknown_one(void)
{
	assert_errno(ENOENT, kplug_buffer_drop(dev, "unknown"));
}

/* Only its own open file ends it, or keeps it. */
static void of_another_open_file(void)
{
	struct kplug_buffer *buf = kind_buffer(dev, "held", BYTES);
	struct kplug_device *other = NULL;

	assert_ok(kplug_device_open(at->name, NULL, &other));
	assert_errno(EACCES, kplug_buffer_drop(other, "held"));
	assert_int_equal(rig_buffer_ioctl(kplug_device_fd(other), KPLUG_BUFFER_KEEP, "held"), -ENOENT);
	kplug_device_close(other);
	assert_int_equal(kind_count(dev), 1);
	assert_ok(kplug_buffer_drop(dev, "held"));
	assert_int_equal(kind_count(dev), 0);
	kplug_buffer_free(buf);
}

static void kept_later(void)
{
	int fd = kplug_device_fd(dev);

	assert_int_equal(rig_buffer_ioctl(fd, KPLUG_BUFFER_KEEP, "unknown"), -ENOENT);
	kind_buffer(dev, "later", BYTES);
	assert_int_equal(rig_buffer_ioctl(fd, KPLUG_BUFFER_KEEP, "later"), 0);
	assert_int_equal(rig_buffer_ioctl(fd, KPLUG_BUFFER_KEEP, "later"), -ENOENT);
	assert_ok(kplug_buffer_drop(dev, "later"));
}

static void dropped_twice(void)
{
	struct kplug_buffer *buf = kept("kept");

	assert_ok(kplug_buffer_drop(dev, "kept"));
	assert_errno(ENOENT, kplug_buffer_drop(dev, "kept"));
	kplug_buffer_free(buf);
}

static void bad_input(void)
{
	struct kplug_buffer_name req = { .size = sizeof(req), .reserved = 1, .name = "kept" };
	int fd = kplug_device_fd(dev);

	kplug_buffer_free(kept("kept"));
	assert_fails(EINVAL, ioctl(fd, KPLUG_BUFFER_FREE, &req));
	assert_fails(EINVAL, ioctl(fd, KPLUG_BUFFER_KEEP, &req));
	assert_int_equal(rig_buffer_ioctl(fd, KPLUG_BUFFER_FREE, "a-b"), -EINVAL);
	assert_int_equal(rig_buffer_ioctl(fd, KPLUG_BUFFER_KEEP, ""), -EINVAL);
	assert_ok(kplug_buffer_drop(dev, "kept"));
}

static void kept_until_the_device_goes(void)
{
	kplug_buffer_free(kept("kept"));
	rig_close();
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 0) : kplug_bind(at->name, false));
	dev = rig_open(at);
	assert_int_equal(kind_count(dev), 0);
}

static void list_of_none(void)
{
	struct kplug_buffer_info *infos = (void *)1;
	size_t count = 9;

	assert_ok(kplug_buffer_list(dev, &infos, &count));
	assert_int_equal(count, 0);
	free(infos);
}

static void list_in_order(void)
{
	struct kplug_buffer *first = kind_buffer(dev, "z", 1), *second = kind_buffer(dev, "gone", PAGE),
			    *third = kept("a");
	struct kplug_buffer_info *infos = NULL;
	size_t count = 0;

	kplug_buffer_free(second);
	assert_ok(kplug_buffer_list(dev, &infos, &count));
	assert_int_equal(count, 2);
	assert_string_equal(infos[0].out_name, "z");
	assert_string_equal(infos[1].out_name, "a");
	assert_true(infos[0].out_id < infos[1].out_id);
	assert_int_equal(infos[0].out_bytes, 1);
	assert_int_equal(infos[1].out_bytes, BYTES);
	assert_int_equal(infos[0].out_dma_addr, kplug_buffer_dma_addr(first));
	assert_int_equal(infos[1].out_dma_addr, kplug_buffer_dma_addr(third));
	assert_int_equal(infos[0].out_map_id, kplug_buffer_map_id(first));
	assert_int_equal(infos[0].out_kind, kind);
	assert_int_equal(infos[0].out_fd, -1);
	assert_int_equal(infos[0].out_flags, 0);
	assert_int_equal(infos[1].out_flags, KPLUG_BUFFER_KEPT);
	free(infos);
	kplug_buffer_free(first);
	kplug_buffer_free(third);
	assert_ok(kplug_buffer_drop(dev, "a"));
}

/* By hand, as the header says: the lowest id that is at least the one given. */
static void list_by_ioctl(void)
{
	struct kplug_buffer *first = kind_buffer(dev, "one", 1), *second = kind_buffer(dev, "two", 2);
	struct kplug_buffer_info info = { .size = sizeof(info) };
	int fd = kplug_device_fd(dev);

	assert_int_equal(ioctl(fd, KPLUG_BUFFER_INFO, &info), 0);
	assert_string_equal(info.out_name, "one");
	info.id = info.out_id;
	assert_int_equal(ioctl(fd, KPLUG_BUFFER_INFO, &info), 0);
	assert_string_equal(info.out_name, "one");
	info.id = info.out_id + 1;
	assert_int_equal(ioctl(fd, KPLUG_BUFFER_INFO, &info), 0);
	assert_string_equal(info.out_name, "two");
	info.id = info.out_id + 1;
	assert_fails(ENOENT, ioctl(fd, KPLUG_BUFFER_INFO, &info));
	info.id = UINT32_MAX;
	assert_fails(ENOENT, ioctl(fd, KPLUG_BUFFER_INFO, &info));
	kplug_buffer_free(first);
	kplug_buffer_free(second);
}

static void ids_are_not_used_again(void)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .name = "id" };
	struct kplug_buffer *buf;
	uint32_t last = 0;
	int i;

	for (i = 0; i < 3; i++) {
		buf = kind_buffer(dev, "id", 1);
		assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_BUFFER_INFO, &info), 0);
		assert_true(!i || info.out_id > last);
		last = info.out_id;
		kplug_buffer_free(buf);
	}
}

static void look_up_of_an_unknown_one(void)
{
	struct kplug_buffer *buf = NULL;

	assert_errno(ENOENT, kplug_buffer_open(dev, "unknown", &buf));
	assert_null(buf);
}

static void look_up_by_a_bad_name(void)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .name = "a-b" };

	assert_fails(EINVAL, ioctl(kplug_device_fd(dev), KPLUG_BUFFER_INFO, &info));
}

static void look_up_with_an_unknown_flag(void)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .flags = 2, .name = "held" };
	struct kplug_buffer *buf = kind_buffer(dev, "held", 1);

	assert_fails(EINVAL, ioctl(kplug_device_fd(dev), KPLUG_BUFFER_INFO, &info));
	kplug_buffer_free(buf);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(kept_without_a_holder),
		TEST(name_of_a_kept_one),
		TEST(dropped_while_held),
		TEST(drop_of_an_unknown_one),
		TEST(of_another_open_file),
		TEST(kept_later),
		TEST(dropped_twice),
		TEST(bad_input),
		TEST(kept_until_the_device_goes),
		TEST(list_of_none),
		TEST(list_in_order),
		TEST(list_by_ioctl),
		TEST(ids_are_not_used_again),
		TEST(look_up_of_an_unknown_one),
		TEST(look_up_by_a_bad_name),
		TEST(look_up_with_an_unknown_flag),
	};

	return KIND_RUN(tests);
}
