// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* timeout: 400 */
/* Half of the machine's memory as one buffer, which is more than a map can be: in parts, contiguous or paged. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/kind.h"
#include "lib/memory.h"
#include "lib/pins.h"

#define MIB (1UL << 20)

static struct kplug_device *dev;
static enum kplug_buffer_kind wanted;

static int group_setup(void **state)
{
	(void)state;
	wanted = kind_machine("iommu") ? KPLUG_BUFFER_PAGED : KPLUG_BUFFER_CONTIGUOUS;
	return pins_open_large(&dev);
}

static int group_teardown(void **state)
{
	(void)state;
	return pins_close_large(dev);
}

static size_t half(void)
{
	struct sysinfo info;

	assert_int_equal(sysinfo(&info), 0);
	return info.totalram / 2 / MIB * MIB;
}

static int make(size_t bytes, bool smaller, struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts opts = {
		.sz = sizeof(opts), .kind = wanted, .dma_bits = 64, .keep = true, .retry_smaller = smaller
	};

	return kplug_buffer_alloc(dev, "large", bytes, &opts, ret_buf);
}

/* One byte goes through the device from each end of each part to the other part. */
static void device_reaches_all(struct kplug_buffer *buf)
{
	const struct kplug_buffer_part *part;
	uint8_t *mem = kplug_buffer_ptr(buf);
	size_t count, i;

	part = kplug_buffer_parts(buf, &count);
	for (i = 0; i < count; i++) {
		size_t last = part[i].bytes - 1, next = (i + 1) % count;

		mem[part[i].offset + last] = (uint8_t)(0x40 + i);
		kind_dma_in(dev, part[i].dma_addr + last, 0, 1);
		kind_dma_out(dev, 0, part[next].dma_addr, 1);
		assert_int_equal(mem[part[next].offset], 0x40 + i);
	}
}

static int other_process(void *arg)
{
	const size_t *bytes = arg;
	struct kplug_buffer *buf = NULL;

	NEED(!kplug_buffer_open(dev, "large", &buf));
	NEED(kplug_buffer_size(buf) == *bytes);
	NEED(!memcmp((uint8_t *)kplug_buffer_ptr(buf) + KPLUG_BUFFER_MAX - 2, "seam", 4));
	return 0;
}

/* Where a debug kernel has its own memory all over the machine's. */
static bool strewn(void)
{
	struct utsname names;

	assert_int_equal(uname(&names), 0);
	return strstr(names.release, "-kplug-debug") && wanted == KPLUG_BUFFER_CONTIGUOUS;
}

static void half_of_memory(void **state)
{
	size_t bytes = half(), count;
	long before = memory_available_kib();
	struct kplug_buffer *buf;
	uint8_t *mem;

	(void)state;
	if (strewn())
		skip();
	assert_ok(make(bytes, false, &buf));
	mem = kplug_buffer_ptr(buf);
	kplug_buffer_parts(buf, &count);
	printf("# %zu MiB in %zu parts\n", bytes / MIB, count);
	assert_int_equal(count, (bytes + KPLUG_BUFFER_MAX - 1) / KPLUG_BUFFER_MAX);
	assert_in_range(count, 2, 64);
	assert_int_equal(kplug_buffer_size(buf), bytes);
	assert_int_equal(kplug_buffer_kind(buf), wanted);
	assert_int_equal(kind_count(dev), count);
	assert_true(kind_all(mem, 0, bytes));
	memcpy(mem + KPLUG_BUFFER_MAX - 2, "seam", 4);
	assert_int_equal(kind_child(other_process, &bytes), 0);
	device_reaches_all(buf);
	kplug_buffer_free(buf);
	assert_int_equal(kind_count(dev), count);
	assert_ok(kplug_buffer_drop(dev, "large"));
	kind_until_count(dev, 0);
	rig_until(memory_is_back, &before);
}

/* More than there is: nothing is left half-made. */
static void too_much(void **state)
{
	struct kplug_buffer *buf = NULL;
	long before = memory_available_kib();
	int err;

	(void)state;
	err = make(8 * half(), false, &buf);
	printf("# %s\n", kplug_error());
	assert_true(err == -ENOMEM || err == -ENOSPC || err == -EFBIG);
	assert_null(buf);
	assert_errno(EINVAL, make(SIZE_MAX, false, &buf));
	kind_until_count(dev, 0);
	rig_until(memory_is_back, &before);
}

static void what_there_is(void **state)
{
	struct kplug_buffer *buf;

	(void)state;
	assert_ok(make(4 * half(), true, &buf));
	printf("# %zu of %zu MiB\n", kplug_buffer_size(buf) / MIB, 4 * half() / MIB);
	assert_in_range(kplug_buffer_size(buf), strewn() ? PAGE : half() / 4, 2 * half());
	kplug_buffer_free(buf);
	assert_ok(kplug_buffer_drop(dev, "large"));
	kind_until_count(dev, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_of_memory),
		cmocka_unit_test(too_much),
		cmocka_unit_test(what_there_is),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
