// SPDX-License-Identifier: GPL-2.0-only
/* For irq_vs_uio: acknowledges each of edu's interrupts and raises the next at once, as many as the enable asks for. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("raise_again", "1.0", 0x1234, 0x11e8);

#define IRQ_STATUS 0x24
#define IRQ_RAISE 0x60
#define IRQ_ACK 0x64

static u64 left;

KPLUG_HOOK(int_enable)
{
	u64 *count = (void *)kplug_event_data(ev, 0, sizeof(*count));

	if (count)
		left = *count;
	kplug_answer(ev, count ? 0 : -EINVAL, 0, 0);
}

KPLUG_HOOK(interrupt)
{
	u32 status = kplug_read32(ev, 0, IRQ_STATUS);

	if (!status)
		return;
	kplug_write32(ev, 0, IRQ_ACK, status);
	if (--left)
		kplug_write32(ev, 0, IRQ_RAISE, 1);
	kplug_answer(ev, 0, KPLUG_MINE, !left);
}
