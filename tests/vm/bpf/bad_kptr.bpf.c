// SPDX-License-Identifier: GPL-2.0-only
/* A program that keeps the event in a map as a typed pointer and uses it later. For cases/plugin/verifier_refuses.c. */
#include "kplug.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct slot {
	struct kplug_event __attribute__((btf_type_tag("kptr_untrusted"))) * event;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct slot);
} kept SEC(".maps");

SEC("tp_btf/kplug_call") int event_from_typed_map(u64 *ctx)
{
	struct slot *slot = bpf_map_lookup_elem(&kept, &(u32){ 0 });
	struct kplug_event *before, *ev = (void *)ctx[0];

	if (!slot || !ev)
		return 0;
	before = slot->event;
	if (before)
		kplug_answer(before, 0, 0, 0);
	slot->event = ev;
	return 0;
}
