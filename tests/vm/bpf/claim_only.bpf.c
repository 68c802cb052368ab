// SPDX-License-Identifier: GPL-2.0-only
/* Claims each interrupt and does nothing more: for tests/bench/swap.c. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("claim_only", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_HOOK(interrupt)
{
	kplug_answer(ev, 0, KPLUG_MINE, 0);
}
