// SPDX-License-Identifier: GPL-2.0-only
/*
 * For cases/plugin/swap_stress.c, which loads it twice and swaps the two: records which generation has served which
 * event.
 */
#include "kplug.bpf.h"
#include "swap_stress.h"

KPLUG_PLUGIN("swap_stress", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);
KPLUG_BUFFER(struct fire_buffer, buf);

/* Of this program set alone. The test writes the generation before each swap to it, when it does not run. */
struct {
	u64 generation;
	u64 handled[FIRE_HOOKS];
} own;

static void serve(u32 hook)
{
	u64 generation = own.generation;

	own.handled[hook]++;
	if (generation < buf.hook[hook].last)
		buf.hook[hook].backward++;
	buf.hook[hook].last = generation;
}

KPLUG_HOOK(call)
{
	serve(FIRE_CALL);
	kplug_answer(ev, own.generation, 0, 0);
}

KPLUG_HOOK(interrupt)
{
	serve(FIRE_INTERRUPT);
	if (ev->sequence != buf.sequence + 1)
		buf.torn++;
	buf.sequence = ev->sequence;
	kplug_answer(ev, 0, KPLUG_MINE, 0);
}
