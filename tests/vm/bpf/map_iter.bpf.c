// SPDX-License-Identifier: GPL-2.0-only
/* Test program, no plugin: an iterator over a map's elements. Loaded by cases/buffer/map_prog.c. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter_meta;
struct bpf_map;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};
#pragma clang attribute pop

u64 sum;

SEC("iter/bpf_map_elem")
int access(struct bpf_iter__bpf_map_elem *ctx)
{
	u64 *value = ctx->value;

	if (value)
		sum += value[511];
	return 0;
}
