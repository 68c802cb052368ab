// SPDX-License-Identifier: GPL-2.0-only
/* A plugin with two maps that the kernel would give the same name: cases/plugin/load_bad.c. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("names", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

struct numbers {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
};
struct numbers packets_received_total SEC(".maps");
struct numbers packets_received_wrong SEC(".maps");

KPLUG_HOOK(call)
{
	u32 key = 0;
	u64 *total = bpf_map_lookup_elem(&packets_received_total, &key);
	u64 *wrong = bpf_map_lookup_elem(&packets_received_wrong, &key);

	kplug_answer(ev, total && wrong ? *total + *wrong : 0, 0, 0);
}
