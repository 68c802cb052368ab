// SPDX-License-Identifier: GPL-2.0-only
/* Programs that the verifier must refuse, one rule each. Loaded one by one: cases/plugin/verifier_refuses.c. */
#include "kplug.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define PROGRAM(section, name)                                                                                         \
	static __always_inline void do_##name(void *ctx);                                                              \
	SEC(section) int name(void *ctx)                                                                               \
	{                                                                                                              \
		do_##name(ctx);                                                                                        \
		return 0;                                                                                              \
	}                                                                                                              \
	static __always_inline void do_##name(void *ctx)
#define ARG(ctx, i) ((void *)((u64 *)(ctx))[i])

/* Types that the functions are not for. */
PROGRAM("kprobe/kplug_hook_fire", kprobe_calls)
{
	kplug_answer(ctx, 0, 0, 0);
}
PROGRAM("raw_tp/kplug_call", raw_tp_calls)
{
	kplug_answer(ctx, 0, 0, 0);
}
PROGRAM("raw_tp.w/kplug_call", raw_tp_w_calls)
{
	kplug_answer(ctx, 0, 0, 0);
}
PROGRAM("syscall", syscall_calls)
{
	kplug_answer(ctx, 0, 0, 0);
}
PROGRAM("xdp", xdp_calls)
{
	kplug_reg_write(ctx, 0, 0, 4, 0);
}
PROGRAM("socket", socket_calls)
{
	kplug_event_data(ctx, 0, 8);
}

/* These share the set of functions with tp_btf, but have no event that they could trust. */
PROGRAM("fentry/kplug_answer", fentry_calls)
{
	kplug_answer(ARG(ctx, 0), 0, 0, 0);
}
PROGRAM("fexit/kplug_answer", fexit_calls)
{
	kplug_answer(ARG(ctx, 0), 0, 0, 0);
}
PROGRAM("tp/kplug/kplug_call", tp_calls)
{
	kplug_answer(ctx, 0, 0, 0);
}
PROGRAM("perf_event", perf_event_calls)
{
	kplug_answer(ctx, 0, 0, 0);
}
PROGRAM("lsm/file_open", lsm_calls)
{
	kplug_answer(ARG(ctx, 0), 0, 0, 0);
}
PROGRAM("tp_btf/sched_switch", sched_switch_calls)
{
	kplug_answer(ARG(ctx, 1), 0, 0, 0);
}

/* What is no event, in the place of one. */
static struct kplug_event forged;
PROGRAM("tp_btf/kplug_call", null_as_event)
{
	kplug_answer(NULL, 0, 0, 0);
}
PROGRAM("tp_btf/kplug_call", integer_as_event)
{
	kplug_answer((void *)4711, 0, 0, 0);
}
PROGRAM("tp_btf/kplug_call", context_as_event)
{
	kplug_answer(ctx, 0, 0, 0);
}
PROGRAM("tp_btf/kplug_call", stack_as_event)
{
	struct kplug_event ev[2] = {};

	kplug_answer(ev, 0, 0, 0);
}
PROGRAM("tp_btf/kplug_call", map_value_as_event)
{
	kplug_answer(&forged, 0, 0, 0);
}
PROGRAM("tp_btf/kplug_call", bytes_as_event)
{
	struct kplug_event *ev = ARG(ctx, 0);
	void *data = ev ? kplug_event_data(ev, 0, 512) : NULL;

	if (data)
		kplug_answer(data, 0, 0, 0);
}
PROGRAM("tp_btf/kplug_call", moved_event)
{
	void *ev = ARG(ctx, 0);

	if (ev)
		kplug_answer(ev + 8, 0, 0, 0);
}
PROGRAM("tp_btf/sched_switch", stack_as_event_elsewhere)
{
	struct kplug_event ev[2] = {};

	kplug_reg_write(ev, 0, 0, 8, 0);
}

/* The event. */
PROGRAM("tp_btf/kplug_call", unchecked_event)
{
	struct kplug_event *ev = ARG(ctx, 0);

	bpf_printk("%d", ev->hook);
}
PROGRAM("tp_btf/kplug_call", unchecked_event_given)
{
	kplug_answer(ARG(ctx, 0), 0, 0, 0);
}
PROGRAM("tp_btf/kplug_call", writes_event)
{
	struct kplug_event *ev = ARG(ctx, 0);

	if (ev)
		ev->result = 1;
}
PROGRAM("tp_btf/kplug_call", reads_past_event)
{
	u64 *ev = ARG(ctx, 0);

	if (ev)
		bpf_printk("%llx", ev[128]);
}
PROGRAM("tp_btf/kplug_call", reads_before_event)
{
	u64 *ev = ARG(ctx, 0);

	if (ev)
		bpf_printk("%llx", ev[-1]);
}
PROGRAM("tp_btf/kplug_call", second_argument)
{
	bpf_printk("%llx", ARG(ctx, 1));
}
PROGRAM("tp_btf/kplug_call", writes_context)
{
	*(u64 *)ctx = 0;
}

/* Keeping the event for later. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct { u64 event; });
} kept SEC(".maps");
PROGRAM("tp_btf/kplug_call", event_from_map)
{
	u64 *slot = bpf_map_lookup_elem(&kept, &(u32){ 0 });

	if (!slot)
		return;
	if (*slot)
		kplug_answer((void *)*slot, 0, 0, 0);
	*slot = (u64)ARG(ctx, 0);
}

/* The message's bytes. */
PROGRAM("tp_btf/kplug_call", bytes_of_variable_size)
{
	struct kplug_event *ev = ARG(ctx, 0);

	if (ev)
		kplug_event_data(ev, 0, ev->size);
}
PROGRAM("tp_btf/kplug_call", reads_past_bytes)
{
	struct kplug_event *ev = ARG(ctx, 0);
	u8 *data = ev ? kplug_event_data(ev, 0, 4) : NULL;

	if (data)
		bpf_printk("%d", data[4]);
}
PROGRAM("tp_btf/kplug_call", writes_past_bytes)
{
	struct kplug_event *ev = ARG(ctx, 0);
	u8 *data = ev ? kplug_event_data(ev, 0, 4) : NULL;

	if (data)
		data[ev->message] = 1;
}
PROGRAM("tp_btf/kplug_call", unchecked_bytes)
{
	struct kplug_event *ev = ARG(ctx, 0);

	if (ev)
		*kplug_event_data(ev, 0, 4) = 1;
}
PROGRAM("tp_btf/kplug_call", address_of_bytes_past_the_end)
{
	struct kplug_event *ev = ARG(ctx, 0);

	if (ev)
		kplug_dma_addr(ev, &forged, sizeof(forged) + 1);
}
