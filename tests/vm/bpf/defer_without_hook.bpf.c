// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: acknowledges and defers each interrupt, and has no deferred hook. Loaded by cases/irq/irq.c. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("defer_without_hook", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

#define IRQ_STATUS 0x24
#define IRQ_ACK 0x64

KPLUG_HOOK(interrupt)
{
	u32 status = kplug_read32(ev, 0, IRQ_STATUS);

	if (!status)
		return;
	kplug_write32(ev, 0, IRQ_ACK, status);
	kplug_answer(ev, 0, KPLUG_MINE | KPLUG_DEFER, 0);
}
