// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_LIMIT cli:limit kmod/buffer/charge.c kmod/buffer/buffer.c kmod/node/node.c kmod/memory/umem.c */
/* What root lets programs have of a device: each limit counts, is kept, and is the way that the others go. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/kind.h"

#define NOBODY 4243

static bool translated;

static void setup(void)
{
	struct kplug_info info = {};
	char node[64];

	assert_ok(kplug_device_info(dev, &info));
	translated = info.out_flags & KPLUG_INFO_IOMMU;
	snprintf(node, sizeof(node), "/dev/kplug/%s", at->name);
	assert_int_equal(chmod(node, 0666), 0);
	rig_load(dev, "quiet", NULL);
	assert_ok(kplug_setting_set(dev, "word", 1)); /* vouches for the device, so that nothing is in quarantine */
}

static void teardown(void)
{
	static const uint64_t defaults[] = KPLUG_LIMIT_DEFAULTS;
	uint32_t i;

	for (i = 0; i < KPLUG_LIMIT_COUNT; i++)
		assert_ok(kplug_limit_set(dev, i, defaults[i]));
	assert_ok(kplug_plugin_unload(dev));
}

static uint64_t used(enum kplug_limit_what what)
{
	uint64_t max, count;

	assert_ok(kplug_limit_get(dev, what, &max, &count));
	return count;
}

struct count {
	enum kplug_limit_what what;
	uint64_t count;
};

static bool is_used(void *arg)
{
	const struct count *c = arg;

	return used(c->what) == c->count;
}

/* A map is freed in a kernel worker, and a file after its process has ended. */
static void until_used(enum kplug_limit_what what, uint64_t count)
{
	struct count c = { what, count };

	rig_until(is_used, &c);
}

static void starts_with_the_defaults(void)
{
	static const uint64_t defaults[KPLUG_LIMIT_COUNT] = KPLUG_LIMIT_DEFAULTS;
	uint64_t max, count;
	uint32_t i;

	for (i = 0; i < KPLUG_LIMIT_COUNT; i++) {
		assert_ok(kplug_limit_get(dev, i, &max, &count));
		assert_int_equal(max, defaults[i]);
		assert_int_equal(count, i == KPLUG_LIMIT_FILES); /* ours */
	}
}

/* Memory of the usual kind within bits. */
static struct kplug_buffer *alloc(struct kplug_device *on, const char *name, size_t bytes, uint32_t bits)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = bits };
	struct kplug_buffer *buf = NULL;

	assert_ok(kplug_buffer_alloc(on, name, bytes, &opts, &buf));
	return buf;
}

static void counts_what_there_is(void)
{
	struct kplug_device *second = rig_open(at);
	struct kplug_buffer *buf;

	assert_int_equal(used(KPLUG_LIMIT_FILES), 2);
	buf = alloc(second, "mine", PAGE + 1, 24);
	until_used(KPLUG_LIMIT_BUFFERS, 1);
	assert_int_equal(used(KPLUG_LIMIT_BYTES), 2 * PAGE);
	assert_int_equal(used(KPLUG_LIMIT_LOW_BYTES), translated ? 0 : 2 * PAGE);
	kplug_buffer_free(buf);
	until_used(KPLUG_LIMIT_BUFFERS, 0);
	until_used(KPLUG_LIMIT_BYTES, 0);
	until_used(KPLUG_LIMIT_LOW_BYTES, 0);
	kplug_device_close(second);
	until_used(KPLUG_LIMIT_FILES, 1);
}

static struct kplug_lock *lock_page(struct kplug_device *on, void **ret_page)
{
	struct kplug_lock *lock = NULL;

	*ret_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return *ret_page != MAP_FAILED && !kplug_dma_lock(on, *ret_page, PAGE, NULL, &lock) ? lock : NULL;
}

static void counts_locks(void)
{
	struct kplug_lock *lock;
	void *page;

	lock = lock_page(dev, &page);
	assert_non_null(lock);
	until_used(KPLUG_LIMIT_LOCKS, 1);
	assert_int_equal(used(KPLUG_LIMIT_BYTES), PAGE);
	until_used(KPLUG_LIMIT_LOW_BYTES, 0); /* the program's own memory */
	kplug_dma_unlock(lock);
	until_used(KPLUG_LIMIT_LOCKS, 0);
	until_used(KPLUG_LIMIT_BYTES, 0);
	munmap(page, PAGE);
}

/* A buffer with a mask that reaches all of the memory takes nothing from the others. */
static void a_wide_mask_is_not_low(void)
{
	struct kplug_buffer *buf = alloc(dev, "wide", PAGE, 64);

	assert_int_equal(used(KPLUG_LIMIT_BYTES), PAGE);
	until_used(KPLUG_LIMIT_LOW_BYTES, 0);
	kplug_buffer_free(buf);
}

/* An fd of the map holds the memory, and so it counts; a native map's is the kernel's own. */
static void until_the_memory_is_given_back(void)
{
	struct kplug_buffer_alloc req = {
		.size = sizeof(req), .bytes = PAGE, .kind = KPLUG_BUFFER_CONTIGUOUS, .name = "held"
	};

	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req), 0);
	assert_int_equal(rig_buffer_ioctl(kplug_device_fd(dev), KPLUG_BUFFER_FREE, "held"), 0);
	assert_int_equal(kind_count(dev), 0);
	until_used(KPLUG_LIMIT_BUFFERS, 1);
	assert_int_equal(used(KPLUG_LIMIT_BYTES), PAGE);
	close(req.out_fd);
	until_used(KPLUG_LIMIT_BUFFERS, 0);
}

/* What a user without capabilities gets, with RLIMIT_MEMLOCK out of the way. */
struct tries {
	int file, buffer, wide_buffer, lock;
};

static int as_nobody(void *arg)
{
	struct kplug_alloc_opts low = { .sz = sizeof(low), .dma_bits = 24 },
				wide = { .sz = sizeof(wide), .dma_bits = 64 };
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct kplug_device *second = NULL;
	struct kplug_buffer *buf = NULL;
	const struct tries *expected = arg;
	struct kplug_lock *lock = NULL;
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(!setrlimit(RLIMIT_MEMLOCK, &all));
	NEED(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
	NEED(kplug_device_open(at->name, NULL, &second) == expected->file);
	if (expected->file) {
		NEED(strstr(kplug_error(), "kplug limit"));
		return 0;
	}
	NEED(kplug_buffer_alloc(second, "low", PAGE, &low, &buf) == expected->buffer);
	NEED(!expected->buffer || strstr(kplug_error(), "kplug limit"));
	kplug_buffer_free(buf);
	buf = NULL;
	NEED(kplug_buffer_alloc(second, "wide", PAGE, &wide, &buf) == expected->wide_buffer);
	kplug_buffer_free(buf);
	NEED(kplug_dma_lock(second, page, PAGE, NULL, &lock) == expected->lock);
	NEED(!expected->lock || strstr(kplug_error(), "kplug limit"));
	kplug_dma_unlock(lock);
	kplug_device_close(second);
	return 0;
}

static void nobody_gets(int file, int buffer, int wide_buffer, int lock)
{
	struct tries expected = { file, buffer, wide_buffer, lock };

	assert_int_equal(kind_child(as_nobody, &expected), 0);
	until_used(KPLUG_LIMIT_FILES, 1);
}

static void within_the_limits(void)
{
	nobody_gets(0, 0, 0, 0);
}

static void no_more_bytes(void)
{
	assert_ok(kplug_limit_set(dev, KPLUG_LIMIT_BYTES, 3 * PAGE));
	nobody_gets(0, 0, 0, 0);
	assert_ok(kplug_limit_set(dev, KPLUG_LIMIT_BYTES, PAGE - 1));
	nobody_gets(0, -EDQUOT, -EDQUOT, -EDQUOT);
}

static void no_more_low_bytes(void)
{
	assert_ok(kplug_limit_set(dev, KPLUG_LIMIT_LOW_BYTES, PAGE - 1));
	nobody_gets(0, translated ? 0 : -EDQUOT, 0, 0);
}

static void no_more_buffers(void)
{
	assert_ok(kplug_limit_set(dev, KPLUG_LIMIT_BUFFERS, 0));
	nobody_gets(0, -EDQUOT, -EDQUOT, 0);
}

static void no_more_locks(void)
{
	assert_ok(kplug_limit_set(dev, KPLUG_LIMIT_LOCKS, 0));
	nobody_gets(0, 0, 0, -EDQUOT);
}

static void no_more_files(void)
{
	assert_ok(kplug_limit_set(dev, KPLUG_LIMIT_FILES, 2));
	nobody_gets(0, 0, 0, 0);
	assert_ok(kplug_limit_set(dev, KPLUG_LIMIT_FILES, 1));
	nobody_gets(-EDQUOT, 0, 0, 0);
	until_used(KPLUG_LIMIT_FILES, 1);
}

/* A limit below what is used ends nothing, and root, who must be able to raise it, goes over it. */
static void root_goes_over_it(void)
{
	struct kplug_buffer *first = alloc(dev, "first", PAGE, 24), *second;
	struct kplug_device *other;
	uint32_t i;

	for (i = 0; i < KPLUG_LIMIT_COUNT; i++)
		assert_ok(kplug_limit_set(dev, i, 0));
	other = rig_open(at);
	second = alloc(other, "second", PAGE, 24);
	assert_int_equal(used(KPLUG_LIMIT_BUFFERS), 2);
	*(uint8_t *)kplug_buffer_ptr(first) = 1;
	assert_int_equal(kind_child(as_nobody, &(struct tries){ .file = -EDQUOT }), 0);
	kplug_buffer_free(second);
	kplug_buffer_free(first);
	kplug_device_close(other);
}

/* What fails after it was counted is no longer counted. */
static void a_refusal_counts_nothing(void)
{
	struct kplug_alloc_opts bits = { .sz = sizeof(bits), .dma_bits = 64 };
	struct kplug_buffer *buf = NULL, *calls = rig_buffer(dev, "calls", PAGE);
	struct kplug_lock *lock = NULL;
	void *hole = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t bytes = used(KPLUG_LIMIT_BYTES);

	assert_errno(EEXIST, kplug_buffer_alloc(dev, "calls", PAGE, &bits, &buf));
	assert_true(kplug_buffer_alloc(dev, "huge", 1ULL << 40, NULL, &buf) < 0);
	assert_errno(EFAULT, kplug_dma_lock(dev, hole, PAGE, NULL, &lock));
	assert_int_equal(used(KPLUG_LIMIT_BYTES), bytes);
	until_used(KPLUG_LIMIT_BUFFERS, 1);
	until_used(KPLUG_LIMIT_LOCKS, 0);
	kplug_buffer_free(calls);
	munmap(hole, PAGE);
}

static int is_refused_by_the_plugin(void *arg)
{
	struct kplug_device *second = NULL;

	(void)arg;
	NEED(!setresuid(4242, 4242, 4242)); /* whom calls.bpf.c does not let in */
	NEED(kplug_device_open(at->name, NULL, &second) == -EPERM);
	return 0;
}

static void a_refused_open_counts_nothing(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "calls", PAGE);

	assert_ok(kplug_plugin_unload(dev));
	rig_load(dev, "calls", "calls");
	assert_int_equal(kind_child(is_refused_by_the_plugin, NULL), 0);
	until_used(KPLUG_LIMIT_FILES, 1);
	kplug_buffer_free(buf);
}

static int set_limit(struct kplug_device *on, uint32_t flags, uint32_t what, uint32_t reserved)
{
	struct kplug_limit req = { .size = sizeof(req), .flags = flags, .what = what, .reserved = reserved, .max = 7 };

	return ioctl(kplug_device_fd(on), KPLUG_LIMIT, &req) ? -errno : 0;
}

static int sets_without_rights(void *arg)
{
	struct kplug_device *own = NULL;
	uint64_t max, count;

	(void)arg;
	NEED(!setresuid(NOBODY, NOBODY, NOBODY));
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!kplug_limit_get(own, KPLUG_LIMIT_FILES, &max, &count) && count >= 2);
	NEED(kplug_limit_set(own, KPLUG_LIMIT_FILES, 7) == -EPERM);
	NEED(!unshare(CLONE_NEWUSER));
	NEED(kplug_limit_set(own, KPLUG_LIMIT_FILES, 7) == -EPERM);
	return 0;
}

static void bad_input(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_device *reader;
	uint64_t max, count;

	assert_int_equal(set_limit(dev, KPLUG_LIMIT_SET, KPLUG_LIMIT_COUNT, 0), -EINVAL);
	assert_int_equal(set_limit(dev, 0, UINT32_MAX, 0), -EINVAL);
	assert_int_equal(set_limit(dev, 2, KPLUG_LIMIT_FILES, 0), -EINVAL);
	assert_int_equal(set_limit(dev, KPLUG_LIMIT_SET, KPLUG_LIMIT_FILES, 1), -EINVAL);
	assert_int_equal(kind_child(sets_without_rights, NULL), 0);
	assert_ok(kplug_device_open(at->name, &opts, &reader));
	assert_errno(EACCES, kplug_limit_set(reader, KPLUG_LIMIT_FILES, 7));
	assert_ok(kplug_limit_get(reader, KPLUG_LIMIT_FILES, &max, &count));
	assert_true(max == UINT64_MAX);
	kplug_device_close(reader);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(starts_with_the_defaults),
		TEST(counts_what_there_is),
		TEST(counts_locks),
		TEST(a_wide_mask_is_not_low),
		TEST(until_the_memory_is_given_back),
		TEST(within_the_limits),
		TEST(no_more_bytes),
		TEST(no_more_low_bytes),
		TEST(no_more_buffers),
		TEST(no_more_locks),
		TEST(no_more_files),
		TEST(root_goes_over_it),
		TEST(a_refusal_counts_nothing),
		TEST(a_refused_open_counts_nothing),
		TEST(bad_input),
	};

	/* One device of each machine: a software device, and one behind an IOMMU. */
	return RIG_RUN(tests, rig_any_memory() & (RIG_SOFT_64 | RIG_EDU), .setup = setup, .teardown = teardown);
}
