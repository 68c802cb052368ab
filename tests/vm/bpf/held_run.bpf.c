// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: a call stays in its hook for a while. Loaded by cases/plugin/swap.c. */
#include "kplug.bpf.h"
#include "held_run.h"

KPLUG_PLUGIN("held_run", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

volatile struct held_run held;

struct hold {
	u64 until;
	bool over;
};

static long hold_a_moment(u32 i, struct hold *h)
{
	h->over = bpf_ktime_get_ns() >= h->until;
	return h->over;
}

static long hold_on(u32 i, struct hold *h)
{
	bpf_loop(1 << 20, hold_a_moment, h, 0);
	return h->over;
}

KPLUG_HOOK(call)
{
	struct hold h = { .until = bpf_ktime_get_ns() + HELD_RUN_MS * 1000000ULL };

	held.begun++;
	bpf_loop(1 << 20, hold_on, &h, 0);
	held.ended++;
	kplug_answer(ev, 0, 0, 0);
}
