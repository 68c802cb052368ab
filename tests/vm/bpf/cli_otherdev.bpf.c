// SPDX-License-Identifier: GPL-2.0-only
/* Test object: for a device that the guest has not. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("otherdev", "1.0", 0x10ee, 0x7024);

KPLUG_HOOK(call)
{
	kplug_answer(ev, 7, 0, 0);
}
