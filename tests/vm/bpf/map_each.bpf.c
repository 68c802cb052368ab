// SPDX-License-Identifier: GPL-2.0-only
/* Test program, no plugin: goes through a map with bpf_for_each_map_elem(). Loaded by cases/buffer/map_prog.c. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64[512]);
} map SEC(".maps");

static long add(void *the_map, u32 *key, u64 *value, u64 *sum)
{
	*sum += value[511];
	return 0;
}

SEC("syscall")
long access(void *ctx)
{
	u64 sum = 0;

	bpf_for_each_map_elem(&map, add, &sum, 0);
	return sum;
}
