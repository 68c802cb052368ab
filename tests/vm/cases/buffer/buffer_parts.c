// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO KPLUG_BUFFER_KEEP KPLUG_BUFFER_FREE KPLUG_BUFFER_ACCESS KPLUG_BUFFER_EXPORT */
/* shows: kind:contiguous kind:paged kmod/buffer/list.c kmod/buffer/buffer.c */
/* Buffers in parts, small ones made by bare ioctls: their names, who finds them, and how they end. */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/kind.h"

static int fds[3]; /* of the parts' maps; -1: not made */

static int raw(uint16_t part, uint16_t parts, uint64_t bytes)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req),
					  .bytes = bytes,
					  .kind = kind,
					  .dma_bits = 28,
					  .name = "parts",
					  .part = part,
					  .parts = parts };

	return ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req) ? -errno : req.out_fd;
}

/* Two whole pages, one page, and a page and a bit; from the last on. */
static void make(void)
{
	fds[2] = raw(2, 3, PAGE + 7);
	fds[1] = raw(1, 3, PAGE);
	fds[0] = raw(0, 3, 2 * PAGE);
	assert_true(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0);
}

static int on_name(unsigned long command)
{
	return rig_buffer_ioctl(kplug_device_fd(dev), command, "parts");
}

static void setup(void)
{
	memset(fds, 0xff, sizeof(fds));
}

static void close_fds(void)
{
	int i;

	for (i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	setup();
}

static void teardown(void)
{
	close_fds();
	on_name(KPLUG_BUFFER_FREE);
	assert_int_equal(kind_count(dev), 0);
}

static void one_after_the_other(void)
{
	const struct kplug_buffer_part *part;
	struct kplug_buffer *buf, *again;
	size_t count, i;
	uint8_t *mem;

	make();
	assert_ok(kplug_buffer_open(dev, "parts", &buf));
	assert_int_equal(kplug_buffer_size(buf), 4 * PAGE + 7);
	mem = kplug_buffer_ptr(buf);
	part = kplug_buffer_parts(buf, &count);
	assert_int_equal(count, 3);
	for (i = 0; i < 4; i++)
		mem[i * PAGE] = (uint8_t)(i + 1);
	mem[4 * PAGE + 6] = 9;
	/* Each page is where the device finds it. */
	kind_dma_in(dev, part[0].dma_addr + PAGE, 0, 1);
	kind_dma_out(dev, 0, part[2].dma_addr + PAGE, 1);
	assert_int_equal(mem[part[2].offset + PAGE], 2);
	kind_dma_in(dev, part[1].dma_addr, 0, 1);
	kind_dma_out(dev, 0, part[0].dma_addr + 1, 1);
	assert_int_equal(mem[1], 3);
	assert_ok(kplug_buffer_open(dev, "parts", &again));
	assert_memory_equal(kplug_buffer_ptr(again), mem, 4 * PAGE + 7);
	assert_ok(kplug_buffer_begin_access(dev, again, 0, 4 * PAGE + 7, KPLUG_ACCESS_READ));
	assert_ok(kplug_buffer_end_access(dev, again, 2 * PAGE - 1, 2, KPLUG_ACCESS_READ));
	assert_errno(ERANGE, kplug_buffer_end_access(dev, again, 2 * PAGE - 1, 3 * PAGE, KPLUG_ACCESS_READ));
	kplug_buffer_free(again);
	kplug_buffer_free(buf);
}

/* The last page of the first and all of the second, for writing and for reading. */
static void across_parts(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	const struct kplug_buffer_part *part;
	struct kplug_buffer *middle, *reader;
	struct kplug_device *own;
	size_t count;

	make();
	assert_ok(kplug_buffer_open_part(dev, "parts", PAGE, 2 * PAGE, &middle));
	part = kplug_buffer_parts(middle, &count);
	assert_int_equal(count, 2);
	assert_int_equal(part[0].bytes, PAGE);
	assert_int_equal(part[1].offset, PAGE);
	assert_int_equal(part[1].bytes, PAGE);
	memcpy((uint8_t *)kplug_buffer_ptr(middle) + PAGE - 2, "abcd", 4);
	kind_dma_in(dev, part[0].dma_addr + PAGE - 1, 0, 1);
	kind_dma_out(dev, 0, part[1].dma_addr + 2, 1);
	assert_ok(kplug_buffer_begin_access(dev, middle, 0, 2 * PAGE, KPLUG_ACCESS_WRITE));
	assert_ok(kplug_device_open(at->name, &opts, &own));
	assert_ok(kplug_buffer_open(own, "parts", &reader));
	assert_memory_equal((uint8_t *)kplug_buffer_ptr(reader) + 2 * PAGE - 2, "abcdb", 5);
	kplug_buffer_free(reader);
	assert_ok(kplug_buffer_open_part(own, "parts", 3 * PAGE, PAGE + 7, &reader));
	kplug_buffer_parts(reader, &count);
	assert_int_equal(count, 1);
	assert_errno(ERANGE, kplug_buffer_open_part(own, "parts", PAGE, 4 * PAGE, &reader));
	kplug_buffer_free(reader);
	kplug_device_close(own);
	kplug_buffer_free(middle);
}

static int lookup(const char *name, uint32_t id, uint32_t part)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .id = id, .part = part };

	strcpy(info.name, name);
	if (ioctl(kplug_device_fd(dev), KPLUG_BUFFER_INFO, &info))
		return -errno;
	return info.out_part * 10 + info.out_parts;
}

static void found_when_whole(void)
{
	struct kplug_buffer *buf = NULL;

	fds[1] = raw(1, 2, PAGE);
	assert_true(fds[1] >= 0);
	assert_errno(ENOENT, kplug_buffer_open(dev, "parts", &buf));
	assert_int_equal(lookup("parts", 0, 1), 12);
	fds[0] = raw(0, 2, PAGE);
	assert_int_equal(lookup("parts", 0, 0), 2);
	assert_int_equal(lookup("parts", 0, 2), -ENOENT);
	assert_int_equal(lookup("", 0, 0), 12);
	assert_int_equal(lookup("", 0, 1), -EINVAL);
	assert_ok(kplug_buffer_open(dev, "parts", &buf));
	kplug_buffer_free(buf);
	/* No fd of the maps is needed. */
	close_fds();
	assert_int_equal(kind_count(dev), 2);
	assert_ok(kplug_buffer_open(dev, "parts", &buf));
	kplug_buffer_free(buf);
	assert_int_equal(on_name(KPLUG_BUFFER_FREE), 0);
	assert_int_equal(kind_count(dev), 0);
}

static int part_by_another_file(void *arg)
{
	struct kplug_device *own = NULL;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &own));
	dev = own;
	NEED(raw(0, 2, PAGE) == -EEXIST);
	NEED(on_name(KPLUG_BUFFER_FREE) == -EACCES);
	NEED(on_name(KPLUG_BUFFER_KEEP) == -ENOENT);
	kplug_device_close(own);
	return 0;
}

static void one_owner(void)
{
	fds[1] = raw(1, 2, PAGE);
	assert_true(fds[1] >= 0);
	assert_int_equal(kind_child(part_by_another_file, NULL), 0);
	fds[0] = raw(0, 2, PAGE);
	assert_true(fds[0] >= 0);
	assert_int_equal(on_name(KPLUG_BUFFER_KEEP), 0);
	assert_int_equal(raw(0, 2, PAGE), -EEXIST);
}

/* A part's memory lives on with who has mapped it. */
static void a_part_alone(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_buffer *reader, *none = NULL;
	struct kplug_device *own;

	make();
	assert_ok(kplug_device_open(at->name, &opts, &own));
	assert_ok(kplug_buffer_open_part(own, "parts", 2 * PAGE, PAGE, &reader));
	close_fds();
	assert_int_equal(on_name(KPLUG_BUFFER_FREE), 0);
	assert_errno(ENOENT, kplug_buffer_open(dev, "parts", &none));
	assert_true(kind_all(kplug_buffer_ptr(reader), 0, PAGE));
	kplug_buffer_free(reader);
	kplug_device_close(own);
}

static void without_fds(void)
{
	struct kplug_buffer *none = NULL;
	struct rlimit before, few;

	make();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)fds[0] + 2; /* one more, if they come in order */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_errno(EMFILE, kplug_buffer_open(dev, "parts", &none));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_non_null(strstr(kplug_error(), "ulimit -n"));
	assert_null(none);
}

static void device_goes(void)
{
	struct kplug_buffer *buf;

	make();
	assert_int_equal(on_name(KPLUG_BUFFER_KEEP), 0);
	assert_ok(kplug_buffer_open(dev, "parts", &buf));
	rig_close();
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
	memset(kplug_buffer_ptr(buf), 7, kplug_buffer_size(buf));
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 0) : kplug_bind(at->name, false));
	dev = rig_open(at);
	assert_int_equal(kind_count(dev), 0);
	assert_errno(ENOENT, kplug_buffer_begin_access(dev, buf, 0, 1, KPLUG_ACCESS_READ));
	assert_true(kind_all(kplug_buffer_ptr(buf), 7, kplug_buffer_size(buf)));
	kplug_buffer_free(buf);
}

static void taken_names(void)
{
	fds[1] = raw(1, 2, PAGE);
	assert_true(fds[1] >= 0);
	assert_int_equal(raw(1, 2, PAGE), -EEXIST);
	assert_int_equal(raw(0, 3, PAGE), -EEXIST);
	assert_int_equal(raw(0, 1, PAGE), -EEXIST);
	assert_int_equal(raw(0, 0, PAGE), -EEXIST);
	close_fds();
	assert_int_equal(on_name(KPLUG_BUFFER_FREE), 0);
	fds[0] = raw(0, 1, PAGE);
	assert_int_equal(raw(1, 2, PAGE), -EEXIST);
}

static void bad_input(void)
{
	struct kplug_buffer_alloc req = {
		.size = sizeof(req), .bytes = PAGE, .kind = kind, .name = "parts", .reserved = 1
	};
	struct kplug_buffer_info info = { .size = sizeof(info), .name = "parts", .reserved = 1 };
	int none = -1;

	assert_int_equal(raw(1, 0, PAGE), -EINVAL);
	assert_int_equal(raw(1, 1, PAGE), -EINVAL);
	assert_int_equal(raw(2, 2, PAGE), -EINVAL);
	assert_int_equal(raw(UINT16_MAX, UINT16_MAX, PAGE), -EINVAL);
	assert_int_equal(raw(0, 2, PAGE + 1), -EINVAL);
	assert_int_equal(raw(1, 3, PAGE - 1), -EINVAL);
	assert_fails(EINVAL, ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req));
	assert_fails(EINVAL, ioctl(kplug_device_fd(dev), KPLUG_BUFFER_INFO, &info));
	req.reserved = 0;
	req.parts = 2;
	req.kind = KPLUG_BUFFER_ARENA;
	assert_fails(EINVAL, ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req));
	req.kind = KPLUG_BUFFER_IMPORTED;
	assert_fails(EINVAL, ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req));
	make();
	assert_errno(EOPNOTSUPP, kplug_buffer_export(dev, "parts", &none));
	assert_int_equal(none, -1);
}

static void kept_and_dropped(void)
{
	struct kplug_buffer *buf;

	make();
	assert_int_equal(on_name(KPLUG_BUFFER_KEEP), 0);
	close_fds();
	rig_close();
	dev = rig_open(at);
	assert_int_equal(kind_count(dev), 3);
	assert_ok(kplug_buffer_open(dev, "parts", &buf));
	assert_ok(kplug_buffer_drop(dev, "parts"));
	assert_errno(ENOENT, kplug_buffer_drop(dev, "parts"));
	((uint8_t *)kplug_buffer_ptr(buf))[2 * PAGE] = 1;
	assert_int_equal(kind_count(dev), 0);
	kplug_buffer_free(buf);
}

static int make_some(void *arg)
{
	(void)arg;
	assert_ok(kplug_device_open(at->name, NULL, &dev));
	NEED(raw(2, 3, PAGE) >= 0);
	NEED(raw(1, 3, PAGE) >= 0);
	raise(SIGKILL);
	return 0;
}

static void killed_before_the_last_part(void)
{
	assert_int_equal(kind_child(make_some, NULL), -SIGKILL);
	assert_int_equal(kind_count(dev), 0);
}

/* A holder of several parts is one; a plugin has the first, and its device no other buffer to choose. */
static void holders_and_plugin(void)
{
	struct kplug_holder *found;
	struct kplug_buffer *buf;
	size_t count;

	make();
	rig_load(dev, "count", NULL);
	assert_ok(kplug_buffer_open(dev, "parts", &buf));
	assert_ok(kplug_buffer_holders(dev, "parts", &found, &count));
	assert_true(count > 1);
	assert_int_equal(found[0].pid, getpid());
	assert_int_equal(found[0].how, KPLUG_HOLD_FD | KPLUG_HOLD_WRITE);
	assert_int_equal(found[1].pid, 0);
	free(found);
	kplug_buffer_free(buf);
	assert_ok(kplug_plugin_unload(dev));
}

/* All parts together are one buffer to choose from; the plugin's is the first part. */
static void a_plugin_has_the_first(void)
{
	struct kplug_buffer *buf;

	make();
	rig_load(dev, "calls", NULL);
	assert_ok(kplug_buffer_open(dev, "parts", &buf));
	assert_ok(kplug_call(dev, 1, NULL, 0, NULL));
	assert_int_equal(*(uint64_t *)kplug_buffer_ptr(buf), 1);
	assert_ok(kplug_plugin_unload(dev));
	kplug_buffer_free(buf);
}

int main(void)
{
	static const struct rig_test tests[] = {
		TEST(one_after_the_other),
		TEST(across_parts),
		TEST(found_when_whole),
		TEST(taken_names),
		TEST(bad_input),
		TEST(kept_and_dropped),
		TEST(killed_before_the_last_part),
		TEST(holders_and_plugin),
		TEST(one_owner),
		TEST(a_part_alone),
		TEST(without_fds),
		TEST(device_goes),
		TEST(a_plugin_has_the_first),
	};

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
