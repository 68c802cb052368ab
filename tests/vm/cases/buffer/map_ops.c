// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* shows: kind:contiguous kmod/buffer/map.c */
/*
 * The ops of a contiguous buffer's map, as they are in the running kernel: its own, the array's where that looks at
 * sizes and counts only, and no others. An op that this list does not know may access the memory of the original array.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/kind.h"

/* kmod/buffer/map.c, fill_ops(). Those with a question mark are not in all kernels. */
static const char *const own[] = {
	"map_lookup_elem",
	"map_lookup_elem_sys_only",
	"map_update_elem",
	"map_direct_value_addr",
	"map_direct_value_meta",
	"map_mmap",
	"map_mmap_fault?",
	"map_free",
	"map_mem_usage",
	"iter_seq_info",
	NULL,
};
static const char *const the_arrays[] = {
	"map_get_next_key",
	"map_delete_elem",
	"map_lookup_batch",
	"map_update_batch",
	"map_check_btf",
	"map_btf_id",
	NULL,
};
static const char *const none[] = {
	"map_alloc_check",
	"map_alloc",
	"map_release",
	"map_release_uref",
	"map_lookup_and_delete_elem",
	"map_lookup_and_delete_batch",
	"map_delete_batch",
	"map_push_elem",
	"map_pop_elem",
	"map_peek_elem",
	"map_lookup_percpu_elem",
	"map_get_hash?",
	"map_fd_get_ptr",
	"map_fd_put_ptr",
	"map_gen_lookup",
	"map_fd_sys_lookup_elem",
	"map_seq_show_elem",
	"map_poke_track",
	"map_poke_untrack",
	"map_poke_run",
	"map_poll",
	"map_get_unmapped_area",
	"map_local_storage_charge",
	"map_local_storage_uncharge",
	"map_owner_storage_ptr",
	"map_redirect",
	"map_meta_equal",
	"map_set_for_each_callback_args",
	"map_for_each_callback",
	NULL,
};

#define MAX 128
struct ops {
	uint64_t value[MAX];
};

static struct btf *btf;
static const struct btf_type *type; /* struct bpf_map_ops */

static void setup(void)
{
	int id;

	btf = btf__load_vmlinux_btf();
	assert_non_null(btf);
	id = btf__find_by_name_kind(btf, "bpf_map_ops", BTF_KIND_STRUCT);
	assert_true(id > 0);
	type = btf__type_by_id(btf, id);
	assert_true(type->size <= sizeof(struct ops));
}

static void teardown(void)
{
	btf__free(btf);
}

static const char *member(int i)
{
	return btf__name_by_offset(btf, btf_members(type)[i].name_off);
}

static bool listed(const char *const *list, const char *name)
{
	size_t len = strlen(name);

	for (; *list; list++)
		if (!strncmp(*list, name, len) && (!(*list)[len] || (*list)[len] == '?'))
			return true;
	return false;
}

static void assert_present(const char *const *list)
{
	int i;

	for (; *list; list++) {
		if (strchr(*list, '?'))
			continue;
		for (i = 0; i < btf_vlen(type) && strcmp(member(i), *list); i++)
			;
		if (i == btf_vlen(type))
			fail_msg("struct bpf_map_ops has lost its member %s: look at kmod/buffer/map.c", *list);
	}
}

static void all_members_are_known(void)
{
	int i;

	for (i = 0; i < btf_vlen(type); i++)
		if (!listed(own, member(i)) && !listed(the_arrays, member(i)) && !listed(none, member(i)))
			fail_msg("struct bpf_map_ops has a new member %s: look at kmod/buffer/map.c, fill_ops(), "
				 "whether a "
				 "contiguous buffer's map needs one, then add it to a list here",
				 member(i));
	assert_present(own);
	assert_present(the_arrays);
	assert_present(none);
}

/* The ops of the map with this fd; -1: of an ordinary array. */
static struct ops ops_of(int fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct bpf_object *object = bpf_object__open_file(rig_object("map_ops"), NULL);
	uint32_t key = 0;
	struct ops ops;

	assert_non_null(object);
	if (fd >= 0)
		assert_ok(bpf_map__reuse_fd(bpf_object__find_map_by_name(object, "map"), fd));
	assert_ok(bpf_object__load(object));
	assert_ok(bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(object, "access")), &opts));
	assert_int_equal(opts.retval, 0);
	assert_ok(bpf_map_lookup_elem(bpf_map__fd(bpf_object__find_map_by_name(object, ".bss")), &key, &ops));
	bpf_object__close(object);
	return ops;
}

static void each_is_what_it_should_be(void)
{
	struct kplug_buffer *buf;
	struct ops ours, array;
	uint64_t op, its;
	int i;

	kind = KPLUG_BUFFER_CONTIGUOUS;
	buf = kind_buffer(dev, "ops", 64);
	ours = ops_of(kplug_buffer_map_fd(buf));
	array = ops_of(-1);
	for (i = 0; i < btf_vlen(type); i++) {
		op = ours.value[btf_member_bit_offset(type, i) / 64];
		its = array.value[btf_member_bit_offset(type, i) / 64];
		if (listed(own, member(i)) ? !op || op == its : listed(the_arrays, member(i)) ? !op || op != its : op)
			fail_msg("%s is %#lx, the array's %#lx", member(i), op, its);
	}
	kplug_buffer_free(buf);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(all_members_are_known),
		TEST(each_is_what_it_should_be),
	};

	libbpf_set_print(NULL);
	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
