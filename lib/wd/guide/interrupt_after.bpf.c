// SPDX-License-Identifier: GPL-2.0-only
#include "kplug.bpf.h"

KPLUG_PLUGIN("interrupt_after", "1.0", 0x1234, 0x11e8);

KPLUG_HOOK(interrupt)
{
	u32 status = kplug_read32(ev, 0, 0x24);

	if (!status)
		return;
	kplug_write32(ev, 0, 0x64, status);
	kplug_answer(ev, 0, KPLUG_MINE, 1);
}
