// SPDX-License-Identifier: GPL-2.0-only
/* Counts in a larger struct and has one more global; its migrate program knows the layout of state_1.bpf.c. */
#define VERSION "6"
#define MORE_GLOBALS
struct wide {
	unsigned long long calls, spare, more;
};
#define VALUE struct wide
#include "state.bpf.h"

struct old_count {
	u64 calls, spare;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, struct old_count);
} old_counts_of_messages SEC(".maps");
u64 old_total SEC(".bss.old");

KPLUG_MIGRATE()
{
	struct wide wide = {};
	struct old_count *old;
	u32 key = 0;

	old = bpf_map_lookup_elem(&old_counts_of_messages, &key);
	if (!old)
		return -ENOENT;
	wide.calls = old->calls;
	wide.more = 1;
	total = old_total;
	return bpf_map_update_elem(&counts_of_messages, &key, &wide, BPF_ANY);
}
