// SPDX-License-Identifier: GPL-2.0-only
/* Test object: made for an API version that is not ours. */
#include "kplug.bpf.h"

#undef KPLUG_API_VERSION
#define KPLUG_API_VERSION 99
KPLUG_PLUGIN("otherapi", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_HOOK(call)
{
	kplug_answer(ev, 0, 0, 0);
}
