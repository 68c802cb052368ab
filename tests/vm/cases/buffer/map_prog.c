// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: kind:contiguous kind:paged kmod/buffer/map.c */
/* A buffer in BPF programs, as a global and as a map, by libbpf alone; and what must be refused on one of ours. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include "lib/kind.h"

#define ENOTSUPP 524 /* the kernel's own, unknown to user space */

/* bpf/map_access.bpf.c */
enum { READ, WRITE, ADD, LOOKUP, SAME, UPDATE, DELETE };
struct args {
	uint64_t op, index, value;
};

static struct kplug_buffer *buf;
static uint64_t *cell;
static struct bpf_object *object;

static void setup(void)
{
	buf = kind_buffer(dev, "prog", PAGE);
	cell = kplug_buffer_ptr(buf);
}

static void teardown(void)
{
	bpf_object__close(object);
	object = NULL;
	kplug_buffer_free(buf);
}

/* Puts the buffer in the place of the object's maps for it, and loads. */
static int load(const char *name)
{
	static const char *const maps[] = { ".bss.kplug", "map" };
	struct bpf_map *map;
	int i;

	object = bpf_object__open_file(rig_object(name), NULL);
	assert_non_null(object);
	for (i = 0; i < 2; i++) {
		map = bpf_object__find_map_by_name(object, maps[i]);
		if (map)
			assert_ok(bpf_map__reuse_fd(map, kplug_buffer_map_fd(buf)));
	}
	return bpf_object__load(object);
}

/* Runs the object's program once; gives what it returned. */
static int32_t run(struct args *args)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(*args));
	struct bpf_program *prog = bpf_object__find_program_by_name(object, "access");

	assert_ok(bpf_prog_test_run_opts(bpf_program__fd(prog), &opts));
	return opts.retval;
}

static int32_t access_map(uint64_t op, uint64_t index, uint64_t value)
{
	return run(&(struct args){ op, index, value });
}

static void a_global_is_the_buffer(void)
{
	struct args args = { READ, 511, 0 };

	assert_ok(load("map_access"));
	cell[511] = 0x1122334455667788;
	run(&args);
	assert_int_equal(args.value, 0x1122334455667788);
	access_map(WRITE, 0, 77);
	assert_int_equal(cell[0], 77);
	assert_int_equal(access_map(ADD, 0, 3), 77);
	assert_int_equal(cell[0], 80);
}

static void lookup_helper(void)
{
	struct args args = { LOOKUP, 0, 0 };

	assert_ok(load("map_access"));
	cell[3] = 33;
	assert_int_equal(run(&args), 1);
	assert_int_equal(args.value, 33);
	assert_int_equal(access_map(SAME, 0, 0), 1);
	assert_int_equal(access_map(LOOKUP, 1, 0), 0);
	assert_int_equal(access_map(LOOKUP, UINT32_MAX, 0), 0);
}

static void update_helper(void)
{
	assert_ok(load("map_access"));
	memset(cell, 0xff, PAGE);
	assert_int_equal(access_map(UPDATE, 0, 44), 0);
	assert_int_equal(cell[3], 44);
	assert_true(kind_all(cell, 0, 24));
	assert_true(kind_all(cell + 4, 0, PAGE - 32));
	assert_int_equal(access_map(UPDATE, 1, 55), -E2BIG);
	assert_int_equal(cell[3], 44);
}

static void delete_helper(void)
{
	assert_ok(load("map_access"));
	assert_int_equal(access_map(DELETE, 0, 0), -EINVAL);
}

static void access_past_the_value(void)
{
	assert_errno(EACCES, load("map_large"));
	bpf_object__close(object);
	/* A larger buffer is what it wants. */
	kplug_buffer_free(buf);
	buf = kind_buffer(dev, "prog2", 2 * PAGE);
	((uint8_t *)kplug_buffer_ptr(buf))[5000] = 99;
	assert_ok(load("map_large"));
	assert_int_equal(access_map(0, 0, 0), 99);
}

/* The helper would go by the original array's memory. */
static void for_each(void)
{
	cell[511] = 12;
	if (kind == KPLUG_BUFFER_CONTIGUOUS) {
		assert_errno(ENOTSUPP, load("map_each"));
	} else {
		assert_ok(load("map_each"));
		assert_int_equal(access_map(0, 0, 0), 12);
	}
}

static uint64_t sum_of_iterator(void)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".bss");
	uint64_t sum = 0;
	uint32_t key = 0;

	assert_ok(bpf_map_lookup_elem(bpf_map__fd(map), &key, &sum));
	return sum;
}

static void iterator(void)
{
	union bpf_iter_link_info info = { .map.map_fd = kplug_buffer_map_fd(buf) };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));
	struct bpf_link *link;
	char c;
	int fd;

	cell[511] = 13;
	assert_ok(load("map_iter"));
	link = bpf_program__attach_iter(bpf_object__find_program_by_name(object, "access"), &opts);
	assert_non_null(link);
	fd = bpf_iter_create(bpf_link__fd(link));
	if (kind == KPLUG_BUFFER_CONTIGUOUS) {
		assert_int_equal(fd, -EOPNOTSUPP);
	} else {
		assert_true(fd >= 0);
		assert_int_equal(read(fd, &c, 1), 0);
		assert_int_equal(sum_of_iterator(), 13);
		close(fd);
	}
	bpf_link__destroy(link);
}

/* The kernel asks each of a program's maps whose an address is when it shows the program's instructions. */
static void shown_instructions(void)
{
	static struct bpf_insn insns[512];
	struct bpf_prog_info info = { .xlated_prog_insns = (uintptr_t)insns, .xlated_prog_len = sizeof(insns) };
	uint32_t len = sizeof(info), i, globals = 0;

	assert_ok(load("map_access"));
	assert_ok(bpf_prog_get_info_by_fd(bpf_program__fd(bpf_object__find_program_by_name(object, "access")), &info,
					  &len));
	assert_true(info.xlated_prog_len <= sizeof(insns));
	for (i = 0; i < info.xlated_prog_len / sizeof(*insns); i++) {
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) && insns[i].src_reg == BPF_PSEUDO_MAP_VALUE &&
		    insns[i].imm == (int)kplug_buffer_map_id(buf)) {
			assert_in_range(insns[i + 1].imm, 0, PAGE - 1); /* an offset, and no address */
			globals++;
		}
	}
	assert_true(globals > 0);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(a_global_is_the_buffer), TEST(lookup_helper), TEST(update_helper), TEST(delete_helper),
		TEST(access_past_the_value),  TEST(for_each),	   TEST(iterator),	TEST(shown_instructions),
	};

	libbpf_set_print(NULL);
	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
