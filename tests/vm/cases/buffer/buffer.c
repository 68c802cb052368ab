// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_INFO kind:auto kind:contiguous kind:paged kmod/buffer/buffer.c */
/* shows: kmod/buffer/contiguous.c kmod/buffer/paged.c kmod/dma/dma.c kmod/soft/edu.c */
/* What a new buffer is: zeroed, as large as asked for, of the right kind, and where it is said to be. */
#include <bpf/bpf.h>

#include "lib/kind.h"

static struct bpf_map_info map_info(const struct kplug_buffer *buf)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	assert_ok(bpf_map_get_info_by_fd(kplug_buffer_map_fd(buf), &info, &size));
	return info;
}

static void pages_of_another_are_zeroed(void)
{
	const size_t bytes = 20 * PAGE + 1;
	struct kplug_buffer *buf;
	int i;

	for (i = 0; i < 8; i++) {
		buf = kind_buffer(dev, "zero", bytes);
		assert_true(kind_all(kplug_buffer_ptr(buf), 0, 21 * PAGE));
		memset(kplug_buffer_ptr(buf), 0xa5, 21 * PAGE);
		kplug_buffer_free(buf);
		assert_int_equal(kind_count(dev), 0);
	}
}

static void is_as_reported(void)
{
	const size_t sizes[] = { 1, 7, PAGE - 1, PAGE, PAGE + 1, 0x10000, 3 * PAGE + 5 };
	struct kplug_buffer *buf;
	struct bpf_map_info info;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		buf = kind_buffer(dev, "r.eport_9", sizes[i]);
		info = map_info(buf);
		assert_int_equal(kplug_buffer_size(buf), sizes[i]);
		assert_int_equal(kplug_buffer_kind(buf), kind);
		assert_int_equal(kplug_buffer_map_id(buf), info.id);
		assert_int_equal(info.value_size, sizes[i]);
		assert_int_equal(info.max_entries, 1);
		assert_int_equal(info.type, BPF_MAP_TYPE_ARRAY);
		assert_string_equal(info.name, "r.eport_9");
		assert_int_equal(kplug_buffer_dma_addr(buf) % PAGE, 0);
		assert_true(kplug_buffer_dma_addr(buf) + sizes[i] <= 1U << 28);
		kplug_buffer_free(buf);
	}
}

static void kind_is_chosen_by_the_machine(void)
{
	const bool iommu = rig_machine("iommu");
	struct kplug_buffer *buf = rig_buffer(dev, "auto", 0x10000);
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(!!(info.out_flags & KPLUG_INFO_IOMMU), iommu);
	assert_int_equal(kplug_buffer_kind(buf), iommu ? KPLUG_BUFFER_PAGED : KPLUG_BUFFER_CONTIGUOUS);
	kplug_buffer_free(buf);
}

static uint32_t mask_bits(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info.out_dma_bits;
}

/* A request's mask places its memory, and narrows or widens no other's. */
static void bits_are_the_requests(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind, .dma_bits = 27 };
	struct kplug_buffer *low = NULL, *other = NULL;
	uint32_t before = mask_bits();

	assert_ok(kplug_buffer_alloc(dev, "low", PAGE, &opts, &low));
	assert_true(kplug_buffer_dma_addr(low) + PAGE <= 1UL << 27);
	assert_int_equal(mask_bits(), before);
	/* The device still offers its whole mask, beside a buffer with a narrower one. */
	opts.dma_bits = at->soft ? 28 : 64;
	assert_ok(kplug_buffer_alloc(dev, "whole", PAGE, &opts, &other));
	kplug_buffer_free(other);
	opts.dma_bits = 0;
	assert_ok(kplug_buffer_alloc(dev, "usual", PAGE, &opts, &other));
	assert_int_equal(mask_bits(), before);
	kplug_buffer_free(other);
	kplug_buffer_free(low);
}

static void device_reaches_it(void)
{
	const size_t bytes = 0x10000;
	struct kplug_buffer *buf = kind_buffer(dev, "dma", bytes);
	uint64_t addr = kplug_buffer_dma_addr(buf);
	uint8_t *p = kplug_buffer_ptr(buf);
	size_t i;

	for (i = 0; i < PAGE; i++)
		p[PAGE + i] = i * 7 + i / 256;
	/* From the second page to the last, at odd places: over page borders on both sides. */
	kind_dma_in(dev, addr + PAGE + 13, 0, PAGE - 13);
	kind_dma_out(dev, 0, addr + bytes - PAGE - 99, PAGE - 13);
	assert_memory_equal(p + bytes - PAGE - 99, p + PAGE + 13, PAGE - 13);
	assert_true(kind_all(p, 0, PAGE));
	assert_true(kind_all(p + 2 * PAGE, 0, bytes - 3 * PAGE - 99));
	assert_true(kind_all(p + bytes - 112, 0, 112));
	kplug_buffer_free(buf);
}

static void device_reaches_the_last_byte(void)
{
	const size_t bytes = 3 * PAGE + 5;
	struct kplug_buffer *buf = kind_buffer(dev, "last", bytes);
	uint64_t addr = kplug_buffer_dma_addr(buf);
	uint8_t *p = kplug_buffer_ptr(buf);

	memcpy(p, "abcdefgh", 8);
	kind_dma_in(dev, addr, 0, 8);
	kind_dma_out(dev, 0, addr + bytes - 8, 8);
	assert_memory_equal(p + bytes - 8, "abcdefgh", 8);
	/* The mapping is whole pages, and no other buffer's bytes follow the last one. */
	assert_true(kind_all(p + bytes, 0, PAGE - 5));
	memset(p + bytes, 0x77, PAGE - 5);
	assert_memory_equal(p + bytes - 8, "abcdefgh", 8);
	kplug_buffer_free(buf);
}

static void buffers_are_apart(void)
{
	struct kplug_buffer *buf[4];
	char name[] = "apart0";
	int i, j;

	for (i = 0; i < 4; i++, name[5]++) {
		buf[i] = kind_buffer(dev, name, 5 * PAGE + 1);
		memset(kplug_buffer_ptr(buf[i]), i + 1, 6 * PAGE);
	}
	assert_int_equal(kind_count(dev), 4);
	for (i = 0; i < 4; i++) {
		assert_true(kind_all(kplug_buffer_ptr(buf[i]), i + 1, 6 * PAGE));
		for (j = 0; j < i; j++)
			assert_true(llabs((int64_t)(kplug_buffer_dma_addr(buf[i]) - kplug_buffer_dma_addr(buf[j]))) >=
				    6 * PAGE);
	}
	for (i = 0; i < 4; i++)
		kplug_buffer_free(buf[i]);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(pages_of_another_are_zeroed), TEST(is_as_reported),    TEST(kind_is_chosen_by_the_machine),
		TEST(bits_are_the_requests),	   TEST(device_reaches_it), TEST(device_reaches_the_last_byte),
		TEST(buffers_are_apart),
	};

	return KIND_RUN(tests);
}
