// SPDX-License-Identifier: GPL-2.0-only
/* A plugin (cases/plugin/load_bad.c) and an observer (observer_load.c) with a map that the kernel does not make. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("map", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

const volatile u32 device; /* an observer's */

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

	kplug_answer(ev, number ? *number : 7, 0, 0);
}
