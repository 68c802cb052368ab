// SPDX-License-Identifier: GPL-2.0-only
/* machine: iommu */
/* shows: KPLUG_BUFFER_ALLOC kind:arena kmod/memory/arena.c kmod/buffer/map.c */
/* kernel: debug */
/* timeout: 600 */
/* kmsg: ^kmemleak: Cannot allocate a scan area */
/*
 * fault_injection.c for arenas: taking one as a buffer, with its first allocation or the first call of a function
 * failing, then the second, and so on. A failure leaves the arena to its owner, who can try again. A few only: KASAN
 * makes a shadow of the 4 GiB of addresses of each, which takes seconds.
 */
#include <bpf/bpf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/kind.h"

#define BYTES (2 * PAGE)
#define MANY 100 /* more sites than the path can have */

static int arena;
static uint8_t *mem;

static void make(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	arena = bpf_map_create(BPF_MAP_TYPE_ARENA, "faulty", 0, 0, BYTES / PAGE, &opts);
	assert_true(arena >= 0);
	mem = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, arena, 0);
	assert_ptr_not_equal(mem, MAP_FAILED);
	memset(mem, 0x5a, BYTES);
}

/* 0, and the buffer was there and is freed, or -errno. */
static int take(void)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req),
					  .bytes = BYTES,
					  .kind = KPLUG_BUFFER_ARENA,
					  .name = "faulty",
					  .memory_fd = arena,
					  .arena_addr = (uintptr_t)mem };

	if (ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req))
		return -errno;
	return rig_buffer_undo(kplug_device_fd(dev), &req);
}

/* After a try that gave err. */
static void end(int err, const char *what, unsigned int n)
{
	assert_true(kind_all(mem, 0x5a, BYTES));
	if (kind_count(dev))
		fail_msg("after failure %u of %s (%s): a buffer is left", n, what, strerror(-err));
	if (err && take())
		fail_msg("after failure %u of %s: %s", n, what, strerror(errno));
	munmap(mem, BYTES);
	close(arena);
}

static void allocations(void)
{
	unsigned int n, refused = 0;
	bool hit = true;
	int err;

	for (n = 1; hit && n < MANY; n++) {
		make();
		fault_alloc(n);
		err = take();
		hit = fault_alloc_end();
		assert_true(hit || !err);
		refused += !!err;
		end(err, "an allocation", n);
	}
	print_message("# %u allocations failed, of which %u by an error\n", n - 2, refused);
	assert_true(!hit && refused > 3);
}

static void calls(void)
{
	static const struct {
		const char *name;
		long value;
	} functions[] = {
		{ "bpf_map_get", -EBADF },
		{ "pin_user_pages", -EFAULT },
		{ "dma_map_sgtable", -EIO },
	};
	int err;

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		make();
		assert_ok(fault_call(functions[i].name, 1, functions[i].value));
		err = take();
		if (!fault_call_end(1) || !err)
			fail_msg("%s: call 1 is not made, or may fail", functions[i].name);
		end(err, functions[i].name, 1);
	}
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(allocations),
		TEST(calls),
	};

	return RIG_RUN(tests, RIG_EDU, .setup = fault_init, .teardown = fault_exit);
}
