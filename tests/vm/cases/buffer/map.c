// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: kind:contiguous kind:paged kmod/buffer/map.c */
/* A buffer's map by the bpf() system call: what it says and does is what an ordinary array of one element does. */
#include <bpf/bpf.h>
#include <unistd.h>

#include "lib/kind.h"

#define BYTES (2 * PAGE + 3)
#define ENOTSUPP 524 /* the kernel's own, unknown to user space */
#define PIN "/sys/fs/bpf/kplug-map"

static struct kplug_buffer *buf;
static uint8_t *mem;
static uint8_t value[BYTES];
static int fd;

static void setup(void)
{
	buf = kind_buffer(dev, "map", BYTES);
	mem = kplug_buffer_ptr(buf);
	fd = kplug_buffer_map_fd(buf);
}

static void teardown(void)
{
	unlink(PIN);
	kplug_buffer_free(buf);
}

static void info(void)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	assert_ok(bpf_map_get_info_by_fd(fd, &info, &size));
	assert_int_equal(info.type, BPF_MAP_TYPE_ARRAY);
	assert_int_equal(info.id, kplug_buffer_map_id(buf));
	assert_int_equal(info.key_size, 4);
	assert_int_equal(info.value_size, BYTES);
	assert_int_equal(info.max_entries, 1);
	assert_int_equal(info.map_flags, BPF_F_MMAPABLE | (kind == KPLUG_BUFFER_CONTIGUOUS ? BPF_F_CLONE : 0));
	assert_int_equal(info.btf_id, 0);
	assert_string_equal(info.name, "map");
}

static void lookup(void)
{
	uint32_t key = 0;

	memset(mem, 0x3c, BYTES);
	mem[BYTES - 1] = 7;
	assert_ok(bpf_map_lookup_elem(fd, &key, value));
	assert_memory_equal(value, mem, BYTES);
	key = 1;
	assert_errno(ENOENT, bpf_map_lookup_elem(fd, &key, value));
}

static void lookup_with_a_flag(void)
{
	uint32_t key = 0;

	assert_errno(EINVAL, bpf_map_lookup_elem_flags(fd, &key, value, BPF_F_LOCK));
	assert_errno(EINVAL, bpf_map_lookup_elem_flags(fd, &key, value, 1U << 20));
}

static void update(void)
{
	const uint64_t flags[] = { BPF_ANY, BPF_EXIST };
	uint32_t key = 0;
	size_t i;

	for (i = 0; i < 2; i++) {
		memset(value, 0x41 + i, BYTES);
		value[BYTES - 1] = 7 + i;
		assert_ok(bpf_map_update_elem(fd, &key, value, flags[i]));
		assert_memory_equal(mem, value, BYTES);
		assert_true(kind_all(mem + BYTES, 0, 3 * PAGE - BYTES));
	}
}

static void update_refused(uint32_t key, uint64_t flags, int err)
{
	memset(value, 0xff, BYTES);
	assert_int_equal(bpf_map_update_elem(fd, &key, value, flags), -err);
	assert_true(kind_all(mem, 0, BYTES));
}

static void update_of_another_index(void)
{
	update_refused(1, BPF_ANY, E2BIG);
	update_refused(UINT32_MAX, BPF_ANY, E2BIG);
}

static void update_if_it_does_not_exist(void)
{
	update_refused(0, BPF_NOEXIST, EEXIST);
}

static void update_with_a_lock(void)
{
	update_refused(0, BPF_F_LOCK, EINVAL);
}

static void update_with_an_unknown_flag(void)
{
	update_refused(0, 1U << 20, EINVAL);
}

static void batch(void)
{
	uint32_t key = 9, next = 9, count = 1;

	memset(mem, 0x21, BYTES);
	assert_ok(bpf_map_lookup_batch(fd, NULL, &next, &key, value, &count, NULL));
	assert_int_equal(count, 1);
	assert_int_equal(key, 0);
	assert_memory_equal(value, mem, BYTES);
	/* There is no second one. */
	assert_errno(ENOENT, bpf_map_lookup_batch(fd, &next, &next, &key, value, &count, NULL));
	assert_int_equal(count, 0);

	memset(value, 0x22, BYTES);
	key = 0;
	count = 1;
	assert_ok(bpf_map_update_batch(fd, &key, value, &count, NULL));
	assert_int_equal(count, 1);
	assert_true(kind_all(mem, 0x22, BYTES));
}

static void update_batch_of_another_index(void)
{
	uint32_t key = 1, count = 1;

	memset(value, 0xff, BYTES);
	assert_errno(E2BIG, bpf_map_update_batch(fd, &key, value, &count, NULL));
	assert_int_equal(count, 0);
	assert_true(kind_all(mem, 0, BYTES));
}

static void keys(void)
{
	uint32_t key = 0, next = 9;

	assert_ok(bpf_map_get_next_key(fd, NULL, &next));
	assert_int_equal(next, 0);
	assert_errno(ENOENT, bpf_map_get_next_key(fd, &key, &next));
	key = 5;
	assert_ok(bpf_map_get_next_key(fd, &key, &next));
	assert_int_equal(next, 0);
}

static void deletes(void)
{
	uint32_t key = 0, count = 1;

	memset(mem, 0x21, BYTES);
	assert_errno(EINVAL, bpf_map_delete_elem(fd, &key));
	assert_errno(ENOTSUPP, bpf_map_lookup_and_delete_elem(fd, &key, value));
	assert_errno(ENOTSUPP, bpf_map_delete_batch(fd, &key, &count, NULL));
	assert_errno(ENOTSUPP, bpf_map_lookup_and_delete_batch(fd, NULL, &key, &key, value, &count, NULL));
	assert_true(kind_all(mem, 0x21, BYTES));
}

static void pinned(void)
{
	uint32_t key = 0;
	int again;

	assert_ok(bpf_obj_pin(fd, PIN));
	again = bpf_obj_get(PIN);
	assert_true(again >= 0);
	memset(mem, 0x66, BYTES);
	assert_ok(bpf_map_lookup_elem(again, &key, value));
	assert_memory_equal(value, mem, BYTES);
	close(again);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(info),
		TEST(lookup),
		TEST(lookup_with_a_flag),
		TEST(update),
		TEST(update_of_another_index),
		TEST(update_if_it_does_not_exist),
		TEST(update_with_a_lock),
		TEST(update_with_an_unknown_flag),
		TEST(batch),
		TEST(update_batch_of_another_index),
		TEST(keys),
		TEST(deletes),
		TEST(pinned),
	};

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
