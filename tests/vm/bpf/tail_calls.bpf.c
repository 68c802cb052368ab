// SPDX-License-Identifier: GPL-2.0-only
/* Tail calls from a hook's program, to another hook's and to others. Loaded by cases/plugin/tail_calls.c. */
#include "kplug.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, 3); /* BPF_MAP_TYPE_PROG_ARRAY */
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} jump SEC(".maps");

SEC("tp_btf/kplug_call") int call(u64 *ctx)
{
	struct kplug_event *ev = (void *)ctx[0];

	bpf_tail_call(ctx, &jump, 0);
	if (ev)
		kplug_answer(ev, -1, 0, 0);
	return 0;
}

/* Answers which hook's event it was given, and looks for message bytes. */
SEC("tp_btf/kplug_interrupt") int interrupt(u64 *ctx)
{
	struct kplug_event *ev = (void *)ctx[0];

	if (ev)
		kplug_answer(ev, ev->hook * 10 + (kplug_event_data(ev, 0, 1) ? 1 : 0), 0, 0);
	return 0;
}

SEC("tp_btf/sched_switch") int other_tracepoint(u64 *ctx)
{
	return 0;
}

SEC("fentry/kplug_answer") int fentry(u64 *ctx)
{
	return 0;
}

SEC("raw_tp/kplug_call") int raw_tp(u64 *ctx)
{
	return 0;
}
