/* SPDX-License-Identifier: GPL-2.0-only */
/* Two versions of one plugin, for cases/plugin/swap.c: each answers with its VERSION. */
#include "kplug.bpf.h"
#include "swap.h"

KPLUG_PLUGIN("swap", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);
KPLUG_BUFFER(struct swap_buffer, buf);

u64 own; /* makes a map that ends with the programs */

KPLUG_HOOK(call)
{
	__sync_fetch_and_add(&own, 1);
	__sync_fetch_and_add(&buf.calls[VERSION], 1);
	kplug_answer(ev, VERSION, 0, 0);
}

KPLUG_HOOK(interrupt)
{
	__sync_fetch_and_add(&buf.interrupts[VERSION], 1);
	kplug_answer(ev, 0, KPLUG_MINE, 1);
}
