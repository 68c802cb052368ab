// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin of a software device: its deferred hook is interrupted, once. Loaded by cases/irq/irq.c. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("defer_again", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

#define SOFT_RAISE 0xa0

static volatile u32 again;

KPLUG_HOOK(interrupt)
{
	u8 mark = ev->sequence;

	again = ev->sequence > 1;
	kplug_attach(ev, &mark, sizeof(mark));
	kplug_answer(ev, 0, again ? KPLUG_MINE : KPLUG_MINE | KPLUG_DEFER, 0);
}

static long has_come(u32 i, void *unused)
{
	return again != 0;
}

KPLUG_HOOK(deferred)
{
	u8 mark = 0xff;

	kplug_write32(ev, 0, SOFT_RAISE, 0);
	bpf_loop(1 << 20, has_come, NULL, 0); /* the other CPU may bring it */
	kplug_attach(ev, &mark, sizeof(mark));
	kplug_answer(ev, 0, 0, 1);
}
