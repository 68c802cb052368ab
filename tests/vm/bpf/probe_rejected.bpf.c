// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test plugin: its probe reads past its context, which the kernel refuses to run. Loaded by
 * cases/plugin/load_bad.c.
 */
#include "kplug.bpf.h"

KPLUG_PLUGIN("probe", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_PROBE()
{
	return *(volatile u8 *)(info + 1);
}

KPLUG_HOOK(call)
{
	kplug_answer(ev, 7, 0, 0);
}
