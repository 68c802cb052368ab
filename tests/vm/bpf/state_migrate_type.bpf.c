// SPDX-License-Identifier: GPL-2.0-only
/* Its migrate program takes the hash of state_1.bpf.c for an array. */
#define VERSION "7"
struct wide {
	unsigned long long calls, spare, more;
};
#define VALUE struct wide
#include "state.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64[2]);
} old_counts_of_messages SEC(".maps");

KPLUG_MIGRATE()
{
	u32 key = 0;

	return bpf_map_lookup_elem(&old_counts_of_messages, &key) ? 0 : -ENOENT;
}
