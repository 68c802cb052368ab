// SPDX-License-Identifier: GPL-2.0-only
/* An observer with a map that the kernel does not make: for tests/vm/observe_load.c. */
#include "kplug.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile u32 device;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, 1U << 29);
	__type(key, u32);
	__type(value, u64);
} numbers SEC(".maps");

KPLUG_HOOK(call)
{
	u32 key = device;
	u64 *number = bpf_map_lookup_elem(&numbers, &key);

	if (number)
		++*number;
}
