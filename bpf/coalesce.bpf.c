// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wakes the readers after so many interrupts of a vector, or so many microseconds after the first that they have not
 * been woken for, whichever comes first: fewer wake-ups for a busy device, and none is kept waiting.
 *
 * For message-signalled interrupts, as count.bpf.c.
 *
 *   kplug plugin load DEV coalesce.bpf.o
 *   kplug plugin set DEV events=64 usecs=200       while it runs
 */
#include "kplug.bpf.h"

KPLUG_PLUGIN("coalesce", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);
KPLUG_SETTING(u32, events, 16, 1, 1000000);
KPLUG_SETTING(u32, usecs, 1000, 1, 10000000);

/* Of the interrupts of a vector that nobody has been woken for. */
static struct {
	u32 count;
	u64 first; /* ns */
} held[KPLUG_VECTOR_MAX];

KPLUG_HOOK(interrupt)
{
	u64 limit = usecs * 1000ULL;
	u32 vector = ev->vector;

	if (ev->shared || vector >= KPLUG_VECTOR_MAX)
		return;
	/* None is held, or the time is up, and the module has woken them. */
	if (!held[vector].count || ev->time - held[vector].first >= limit) {
		held[vector].count = 0;
		held[vector].first = ev->time;
	}
	if (++held[vector].count >= events) {
		held[vector].count = 0;
		kplug_answer(ev, 0, KPLUG_MINE, 1);
		return;
	}
	kplug_wake_after(ev, limit);
	kplug_answer(ev, 0, KPLUG_MINE, 0);
}
