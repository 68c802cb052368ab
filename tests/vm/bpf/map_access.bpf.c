// SPDX-License-Identifier: GPL-2.0-only
/* Test program, no plugin: a buffer's map as a global and through the map helpers. Run by cases/buffer/map_prog.c. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* Both are the buffer, put in place before the load. */
struct {
	u64 cell[512];
} global SEC(".bss.kplug");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64[512]);
} map SEC(".maps");

u64 value[512]; /* a whole one, to update with */

enum { READ, WRITE, ADD, LOOKUP, SAME, UPDATE, DELETE };
struct args {
	u64 op, index, value; /* value: result of READ and LOOKUP, too */
};

static long lookup(struct args *args, bool compare)
{
	u32 key = args->index;
	u64 *p = bpf_map_lookup_elem(&map, &key);

	if (!p)
		return 0;
	args->value = p[3];
	return compare ? p == global.cell : 1;
}

static long update(struct args *args, u64 flags)
{
	u32 key = args->index;

	value[3] = args->value;
	return bpf_map_update_elem(&map, &key, value, flags);
}

SEC("syscall")
long access(struct args *args)
{
	u32 i = args->index & 511, key = args->index;

	switch (args->op) {
	case READ:
		args->value = global.cell[i];
		return 0;
	case WRITE:
		global.cell[i] = args->value;
		return 0;
	case ADD:
		return __sync_fetch_and_add(&global.cell[i], args->value);
	case LOOKUP:
		return lookup(args, false);
	case SAME:
		return lookup(args, true);
	case UPDATE:
		return update(args, BPF_ANY);
	case DELETE:
		return bpf_map_delete_elem(&map, &key);
	}
	return -1;
}
