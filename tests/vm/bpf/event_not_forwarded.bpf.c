// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: answers the device's events, and forwards none to readers. Loaded by cases/plugin/hooks.c. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("event_not_forwarded", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_HOOK(event)
{
	kplug_answer(ev, 0, 0, 0);
}
