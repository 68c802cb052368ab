// SPDX-License-Identifier: GPL-2.0-only
/* Answers a call with what kplug_dma_permission() says of its range. For cases/memory/dma_permission.c. */
#include "kplug.bpf.h"
#include "dma_permission.h"

KPLUG_PLUGIN("dma_permission", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_HOOK(call)
{
	struct dma_range *range = (void *)kplug_event_data(ev, 0, sizeof(*range));

	if (range)
		kplug_answer(ev, kplug_dma_permission(ev, range->addr, range->bytes), 0, 0);
}

/* Nobody calls here: the answer goes to the readers. */
KPLUG_HOOK(interrupt)
{
	int answer = kplug_dma_permission(ev, 0, 1);

	kplug_attach(ev, &answer, sizeof(answer));
	kplug_answer(ev, 0, KPLUG_MINE, 1);
}

/* The tests use no DMA: all is quiet. */
KPLUG_HOOK(close)
{
	kplug_answer(ev, 0, KPLUG_QUIET, 0);
}
