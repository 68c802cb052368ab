// SPDX-License-Identifier: GPL-2.0-only
/* What `kplug plugin check` warns of, a callback and a loop that it cannot measure, and a path that it can. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("check_warnings", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

struct bpf_timer {
	u64 opaque[2];
} __attribute__((aligned(8)));
struct timed {
	struct bpf_timer timer;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timed);
} timers SEC(".maps");

/* Acts on a bystander. */
KPLUG_HOOK(interrupt)
{
	bpf_send_signal(15);
	kplug_answer(ev, 0, KPLUG_MINE, 0);
}

static int late(void *map, int *key, struct timed *value)
{
	return 0;
}

/* Starts what outlives it. */
KPLUG_HOOK(call)
{
	struct timed *timed;
	u32 key = 0;

	timed = bpf_map_lookup_elem(&timers, &key);
	if (!timed)
		return;
	bpf_timer_init(&timed->timer, &timers, 1);
	bpf_timer_set_callback(&timed->timer, late);
	bpf_timer_start(&timed->timer, 1000000, 0);
}

/* Neither. In assembly, so that no compiler changes it: six instructions on its longest path, of seven. */
SEC("tp_btf/kplug_event") __attribute__((naked)) int event(void)
{
	asm volatile("r0 = *(u64 *)(r1 + 0);"
		     "if r0 == 0 goto +3;"
		     "r0 = 1;"
		     "r0 += 1;"
		     "goto +1;"
		     "r0 = 2;"
		     "exit;");
}

/* A loop, which the compiler would unroll. */
SEC("tp_btf/kplug_deferred") __attribute__((naked)) int deferred(void)
{
	asm volatile("r0 = 0;"
		     "r0 += 1;"
		     "if r0 != 4 goto -2;"
		     "exit;");
}
