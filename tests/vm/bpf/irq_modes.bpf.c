// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: a call sets how it treats interrupts: well, or in one of the ways a plugin must not (irq_modes.h). */
#include "kplug.bpf.h"
#include "irq_modes.h"

KPLUG_PLUGIN("irq_modes", "1.0", 0x1234, 0x11e8);

#define IRQ_STATUS 0x24
#define IRQ_ACK 0x64
#define SOFT_RAISE 0xa0

static volatile u32 mode = IRQ_MODE_GOOD;

struct burn {
	u64 until;
	bool done;
};

static long burn_a_moment(u32 i, struct burn *b)
{
	b->done = mode == IRQ_MODE_END || bpf_ktime_get_ns() >= b->until;
	return b->done;
}

static long burn_more(u32 i, struct burn *b)
{
	bpf_loop(1 << 20, burn_a_moment, b, 0);
	return b->done;
}

static void burn(u64 ms)
{
	struct burn b = { .until = bpf_ktime_get_ns() + ms * 1000000 };

	bpf_loop(1 << 20, burn_more, &b, 0);
}

KPLUG_HOOK(call)
{
	mode = ev->message;
	kplug_answer(ev, 0, 0, 0);
}

static void quiet(struct kplug_event *ev)
{
	u32 status = kplug_read32(ev, 0, IRQ_STATUS);

	if (!status)
		return;
	kplug_write32(ev, 0, IRQ_ACK, status);
	kplug_answer(ev, 0, KPLUG_MINE, 1);
}

KPLUG_HOOK(interrupt)
{
	switch (mode) {
	case IRQ_MODE_CLAIM:
		kplug_answer(ev, 0, KPLUG_MINE, 0);
		break;
	case IRQ_MODE_DENY:
		kplug_answer(ev, 0, 0, 0);
		break;
	case IRQ_MODE_SLOW:
		burn(30);
		quiet(ev);
		break;
	case IRQ_MODE_DEFER:
		kplug_write32(ev, 0, SOFT_RAISE, 0);
		kplug_answer(ev, 0, KPLUG_MINE | KPLUG_DEFER, 0);
		break;
	default:
		quiet(ev);
	}
}

KPLUG_HOOK(deferred)
{
	burn(15000);
}
