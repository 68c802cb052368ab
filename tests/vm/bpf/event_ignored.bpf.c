// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: serves the event hook alone, without an answer. Loaded by cases/plugin/bpf_links.c. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("event_ignored", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_HOOK(event)
{
}
