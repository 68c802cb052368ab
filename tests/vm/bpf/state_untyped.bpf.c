// SPDX-License-Identifier: GPL-2.0-only
/* Has one map more, of a type of which the kernel keeps no type information. */
#define VERSION "8"
#include "state.bpf.h"

#define BPF_MAP_TYPE_PERF_EVENT_ARRAY 4 /* of the kernel's uapi/linux/bpf.h; our vmlinux.h has no use for it */

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u32);
} events SEC(".maps");

KPLUG_HOOK(open)
{
	bpf_perf_event_read(&events, 0); /* uses the map */
}
