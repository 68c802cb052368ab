// SPDX-License-Identifier: GPL-2.0-only
/* machine: bounce */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_DMA_LOCK kind:auto kind:contiguous kmod/dma/dma.c kmod/buffer/buffer.c */
/* shows: kmod/buffer/contiguous.c kmod/memory/migrate.c kmod/memory/umem.c */
/*
 * swiotlb=force: the kernel would copy all DMA through its bounce buffers. An allocation that the device could not see
 * is refused, and silently: the rig counts any kernel message as a failure.
 */
#include "lib/kind.h"

static uint32_t dma_bits;

static struct kplug_info info(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info;
}

static void setup(void)
{
	dma_bits = info().out_dma_bits;
}

static void teardown(void)
{
	assert_int_equal(info().out_buffers, 0);
	assert_int_equal(info().out_dma_bits, dma_bits);
}

static void refused(size_t bytes, uint32_t bits)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = KPLUG_BUFFER_CONTIGUOUS, .dma_bits = bits };
	struct kplug_buffer *buf = NULL;

	assert_errno(EIO, kplug_buffer_alloc(dev, "bounce", bytes, &opts, &buf));
	opts.keep = true;
	assert_errno(EIO, kplug_buffer_alloc(dev, "bounce", bytes, &opts, &buf));
	opts.kind = KPLUG_BUFFER_AUTO;
	assert_errno(EIO, kplug_buffer_alloc(dev, "bounce", bytes, &opts, &buf));
	assert_null(buf);
}

static void of_4_kib(void)
{
	refused(PAGE, 0);
}

static void of_64_kib(void)
{
	refused(64 << 10, 0);
}

/* More than swiotlb copies in one piece. */
static void of_1_mib(void)
{
	refused(1 << 20, 0);
}

/* By migration of other pages. */
static void of_5_mib(void)
{
	refused(5 << 20, 0);
}

static void below_28_bits(void)
{
	refused(PAGE, 28);
}

/* Many: what the bounce buffers give for each is given back. */
static void again_and_again(void)
{
	int i;

	for (i = 0; i < 300; i++)
		refused(256 << 10, 0);
}

/* A program's own memory least of all: what the device writes would come late, or never. */
static void of_locked_memory(void)
{
	struct kplug_lock_opts opts = { .sz = sizeof(opts) };
	struct kplug_lock *lock = NULL;
	uint8_t *p = malloc(64 << 10);
	uint32_t i;

	assert_non_null(p);
	for (i = 0; i < 2; i++, opts.dma_bits = 28) {
		assert_errno(EIO, kplug_dma_lock(dev, p, 64 << 10, &opts, &lock));
		assert_non_null(strstr(kplug_error(), "swiotlb"));
		assert_errno(EIO, kplug_dma_lock(dev, p + 1, 1, &opts, &lock));
	}
	assert_null(lock);
	assert_int_equal(info().out_locked, 0);
	free(p);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(of_4_kib),	     TEST(of_64_kib),	    TEST(of_1_mib),	    TEST(of_5_mib),
		TEST(below_28_bits), TEST(again_and_again), TEST(of_locked_memory),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
