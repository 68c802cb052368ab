// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: refuses every open of its device with ENOENT. Loaded by cases/plugin/plugin_pins.c. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("open_refused", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_HOOK(open)
{
	kplug_answer(ev, -ENOENT, 0, 0);
}
