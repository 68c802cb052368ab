// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the interrupts of each vector in the buffer, and wakes the readers at each: the smallest
 * useful plugin.
 *
 * Not for INTx: it does not know how to clear the device's interrupt, so the level line would stay
 * raised. Use it with MSI or MSI-X.
 *
 *   kplug buffer alloc DEV count 4K
 *   kplug plugin load DEV count.bpf.o
 */
#include "kplug.bpf.h"

KPLUG_PLUGIN("count", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

#define VECTORS 512 /* whose counters fill a page; interrupts of others are not counted */

struct counts {
	u64 interrupts[VECTORS];
};
KPLUG_BUFFER(struct counts, buf);

KPLUG_HOOK(interrupt)
{
	u32 vector = ev->vector; /* read once: the verifier must see the checked value used */

	if (ev->shared || vector >= VECTORS)
		return;
	buf.interrupts[vector]++;
	kplug_answer(ev, 0, KPLUG_MINE, 1);
}
