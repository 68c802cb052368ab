// SPDX-License-Identifier: GPL-2.0-only
/* Before edu is removed, waits for its transfer to end, half a second or so. For cases/pci/unbound_in_transfer.c. */
#include "kplug.bpf.h"

#define DMA_COMMAND 0x98
#define DMA_RUN 1

__u64 looks;

KPLUG_PLUGIN("waits", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

struct look {
	struct kplug_event *ev;
};

static long is_idle(__u32 i, struct look *l)
{
	looks++;
	return !(kplug_read32(l->ev, 0, DMA_COMMAND) & DMA_RUN);
}

KPLUG_HOOK(event)
{
	struct look l = { ev };

	if (ev->message == KPLUG_EVENT_REMOVE)
		bpf_loop(1 << 19, is_idle, &l, 0);
}
