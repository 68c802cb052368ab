// SPDX-License-Identifier: GPL-2.0-only
/* Test program, no plugin: reads the ops of a map. Run by cases/buffer/map_ops.c. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_map_ops {
	int *map_btf_id;
};
struct bpf_map {
	const struct bpf_map_ops *ops;
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} map SEC(".maps");

u64 ops[128];

SEC("syscall")
long access(void *ctx)
{
	const struct bpf_map *m = (void *)&map;

	return bpf_probe_read_kernel(ops, bpf_core_type_size(struct bpf_map_ops), m->ops);
}
