// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coalesces wake-ups: wakes the readers of a vector after `events` interrupts, or `usecs`
 * microseconds after the first pending one, whichever comes first. Saves wake-ups of a busy device,
 * with a bounded delay.
 *
 * Not for INTx: it does not know how to clear the device's interrupt, so the level line would stay
 * raised. Use it with MSI or MSI-X.
 *
 *   kplug plugin load DEV coalesce.bpf.o
 *   kplug plugin set DEV events=64 usecs=200       while it runs
 */
#include "kplug.bpf.h"

KPLUG_PLUGIN("coalesce", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);
KPLUG_SETTING(u32, events, 16, 1, 1000000);
KPLUG_SETTING(u32, usecs, 1000, 1, 10000000);

/* By vector: its interrupts since the last wake-up. */
static struct {
	u32 count;
	u64 first; /* ns */
} pending[KPLUG_VECTOR_MAX];

KPLUG_HOOK(interrupt)
{
	u64 limit = usecs * 1000ULL;
	u32 vector = ev->vector;

	if (ev->shared || vector >= KPLUG_VECTOR_MAX)
		return;
	/* None is pending, or the time has expired and the module woke the readers. */
	if (!pending[vector].count || ev->time - pending[vector].first >= limit) {
		pending[vector].count = 0;
		pending[vector].first = ev->time;
	}
	if (++pending[vector].count >= events) {
		pending[vector].count = 0;
		kplug_answer(ev, 0, KPLUG_MINE, 1);
		return;
	}
	kplug_wake_after(ev, limit);
	kplug_answer(ev, 0, KPLUG_MINE, 0);
}
