// SPDX-License-Identifier: GPL-2.0-only
/* A plugin that lets nobody open its device, as if there were none: cases/plugin/plugin_pins.c. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("open_refused", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_HOOK(open)
{
	kplug_answer(ev, -ENOENT, 0, 0);
}
