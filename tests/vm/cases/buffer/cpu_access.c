// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_BUFFER_ACCESS kind:contiguous kind:paged kmod/memory/dmabuf_import.c kmod/buffer/rights.c */
/* Begin and end of the CPU's access to buffers of our own: what is right succeeds, what is wrong has its errno. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/kind.h"

#define BYTES (3 * PAGE + 5)
#define BOTH (KPLUG_ACCESS_READ | KPLUG_ACCESS_WRITE)

static struct kplug_buffer *buf;
static uint32_t map_id;

static void setup(void)
{
	struct kplug_buffer_rights rights = { .mode = 0644, .uid = KPLUG_SELF, .gid = KPLUG_SELF };
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind, .dma_bits = 28, .rights = &rights };
	struct kplug_buffer_info *infos;
	size_t count;

	assert_ok(kplug_buffer_alloc(dev, "access", BYTES, &opts, &buf));
	assert_ok(kplug_buffer_list(dev, &infos, &count));
	map_id = infos[0].out_map_id;
	free(infos);
}

static void teardown(void)
{
	kplug_buffer_free(buf);
}

static void in_range(void)
{
	struct kplug_buffer *part;

	assert_ok(kplug_buffer_begin_access(dev, buf, 0, BYTES, BOTH));
	assert_ok(kplug_buffer_end_access(dev, buf, 0, BYTES, BOTH));
	assert_ok(kplug_buffer_begin_access(dev, buf, BYTES - 1, 1, KPLUG_ACCESS_READ));
	assert_ok(kplug_buffer_open_part(dev, "access", 2 * PAGE, PAGE, &part));
	assert_ok(kplug_buffer_begin_access(dev, part, 0, PAGE, KPLUG_ACCESS_WRITE));
	assert_errno(ERANGE, kplug_buffer_begin_access(dev, part, 1, PAGE, KPLUG_ACCESS_WRITE));
	kplug_buffer_free(part);
}

static int raw(uint32_t flags, uint32_t which, uint64_t offset, uint64_t bytes)
{
	struct kplug_buffer_access req = {
		.size = sizeof(req), .flags = flags, .map_id = which, .offset = offset, .bytes = bytes
	};

	return ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ACCESS, &req) ? -errno : 0;
}

static void bad_input(void)
{
	struct kplug_buffer_access reserved = {
		.size = sizeof(reserved), .flags = BOTH, .map_id = map_id, .reserved = 1, .bytes = 1
	};

	assert_int_equal(raw(BOTH, map_id, 0, BYTES), 0);
	assert_int_equal(raw(0, map_id, 0, 1), -EINVAL);
	assert_int_equal(raw(KPLUG_ACCESS_END, map_id, 0, 1), -EINVAL);
	assert_int_equal(raw(8 | BOTH, map_id, 0, 1), -EINVAL);
	assert_int_equal(raw(BOTH, map_id, 0, 0), -EINVAL);
	assert_int_equal(raw(BOTH, ~map_id, 0, 1), -ENOENT);
	assert_int_equal(raw(BOTH, map_id, BYTES, 1), -ERANGE);
	assert_int_equal(raw(BOTH, map_id, UINT64_MAX, 2), -ERANGE);
	assert_int_equal(raw(BOTH, map_id, 1, UINT64_MAX), -ERANGE);
	assert_fails(EINVAL, ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ACCESS, &reserved));
	assert_errno(EINVAL, kplug_buffer_begin_access(dev, buf, 0, 1, 0));
	assert_errno(EINVAL, kplug_buffer_end_access(dev, buf, 0, 1, 0));
	assert_errno(EINVAL, kplug_buffer_begin_access(dev, buf, 0, 1, KPLUG_ACCESS_READ | KPLUG_ACCESS_END));
	assert_errno(ERANGE, kplug_buffer_begin_access(dev, buf, 0, 0, BOTH));
	assert_errno(ERANGE, kplug_buffer_begin_access(dev, buf, SIZE_MAX, 2, BOTH));
}

/* Who may only read the buffer. */
static int as_nobody(void *arg)
{
	struct kplug_device *own = NULL;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!setresuid(4243, 4243, 4243));
	NEED(!kplug_buffer_begin_access(own, buf, 0, 1, KPLUG_ACCESS_READ));
	NEED(kplug_buffer_begin_access(own, buf, 0, 1, KPLUG_ACCESS_WRITE) == -EACCES);
	NEED(kplug_buffer_begin_access(own, buf, 0, 1, BOTH) == -EACCES);
	kplug_device_close(own);
	return 0;
}

static void rights(void)
{
	struct kplug_open_opts read_only = { .sz = sizeof(read_only), .read_only = true };
	struct kplug_device *own;

	assert_int_equal(kind_child(as_nobody, NULL), 0);
	assert_ok(kplug_device_open(at->name, &read_only, &own));
	assert_ok(kplug_buffer_begin_access(own, buf, 0, 1, KPLUG_ACCESS_READ));
	assert_errno(EACCES, kplug_buffer_begin_access(own, buf, 0, 1, BOTH));
	kplug_device_close(own);
}

int main(void)
{
	static const struct rig_test tests[] = { TEST(in_range), TEST(bad_input), TEST(rights) };

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
