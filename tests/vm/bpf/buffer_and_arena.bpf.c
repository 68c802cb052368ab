// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: wants both kinds of buffer. Loaded by cases/plugin/load_bad.c. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("both", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

struct layout {
	u64 number;
};
KPLUG_BUFFER(struct layout, buf);
KPLUG_ARENA(struct layout, arena);

KPLUG_HOOK(call)
{
	kplug_answer(ev, buf.number + arena()->number, 0, 0);
}
