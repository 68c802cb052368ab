// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_BUFFER_ALLOC kind:contiguous kind:paged kmod/buffer/buffer.c kmod/buffer/contiguous.c */
/* shows: kmod/buffer/paged.c kmod/memory/migrate.c */
/* order: first */
/* Buffers on the NUMA node that was asked for: the machine iommu has two, the other one. */
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/kind.h"

#define MIB (1UL << 20)

static int nodes;

/* For a map the node is a wish: the kernel gives another node's page before it drops a cached one of this. */
static void drop_caches(void)
{
	FILE *f = fopen("/proc/sys/vm/drop_caches", "w");

	assert_non_null(f);
	fputs("3", f);
	assert_int_equal(fclose(f), 0);
}

static void setup(void)
{
	drop_caches();
	nodes = rig_machine("iommu") ? 2 : 1;
}

static int alloc(uint32_t node, size_t bytes, enum kplug_buffer_kind kind_asked, struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind_asked, .node = node + 1 };

	return kplug_buffer_alloc(dev, "near", bytes, &opts, ret_buf);
}

static int node_of(void *page)
{
	int node = -1;

	assert_int_equal(syscall(SYS_get_mempolicy, &node, NULL, 0, page, MPOL_F_NODE | MPOL_F_ADDR), 0);
	return node;
}

/* From the buddy allocator, and, if it is contiguous, by migration. */
static void all_pages_are_there(void)
{
	static const size_t sizes[] = { 1, 64 * PAGE, 6 * MIB };

	for (int node = 0; node < nodes; node++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct kplug_buffer *buf = NULL;
			uint8_t *mem;

			assert_ok(alloc((uint32_t)node, sizes[i], kind, &buf));
			mem = kplug_buffer_ptr(buf);
			for (size_t offset = 0; offset < sizes[i]; offset += PAGE)
				assert_int_equal(node_of(mem + offset), node);
			kplug_buffer_free(buf);
		}
	}
}

static size_t node_bytes(int node)
{
	unsigned long long kib = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "Node %*d MemTotal: %llu kB", &kib), 1);
	fclose(f);
	return (size_t)kib << 10;
}

/* The first node has less than 512 MiB; with the debug kernel more, and parts are asked for, whose errors vary. */
static void never_another_node(void)
{
	struct kplug_buffer *buf = NULL;
	size_t bytes = 512 * MIB;
	bool parts;
	int err;

	if (nodes == 1)
		skip();
	parts = node_bytes(0) >= bytes;
	err = alloc(0, parts ? node_bytes(0) + PAGE : bytes, kind, &buf);
	assert_null(buf);
	if (parts)
		assert_true(err == -ENOMEM || err == -ENOSPC || err == -EFBIG);
	else
		assert_int_equal(err, kind == KPLUG_BUFFER_PAGED ? -ENOMEM : -EFBIG);
	assert_ok(alloc(1, 512 * MIB, kind, &buf));
	kplug_buffer_free(buf);
}

static void no_such_node(void)
{
	struct kplug_buffer *buf = NULL;

	assert_errno(ENXIO, alloc((uint32_t)nodes, PAGE, kind, &buf));
	assert_non_null(strstr(kplug_error(), "NUMA node"));
	assert_errno(ENXIO, alloc(1 << 20, PAGE, kind, &buf));
	assert_errno(ENXIO, alloc(UINT32_MAX - 1, PAGE, kind, &buf));
	assert_null(buf);
}

static void not_for_an_arena(void)
{
	struct kplug_buffer *buf = NULL;

	assert_errno(EINVAL, alloc(0, PAGE, KPLUG_BUFFER_ARENA, &buf));
	assert_null(buf);
}

int main(void)
{
	static const struct rig_test tests[] = {
		TEST(all_pages_are_there),
		TEST(never_another_node),
		TEST(no_such_node),
		TEST(not_for_an_arena),
	};
	int failed;

	kind = KPLUG_BUFFER_CONTIGUOUS;
	failed = RIG_RUN(tests, RIG_EDU_64, .setup = setup);
	if (!rig_machine("iommu"))
		return failed;
	kind = KPLUG_BUFFER_PAGED;
	return failed + RIG_RUN(tests, RIG_EDU_64, .setup = setup);
}
