// SPDX-License-Identifier: GPL-2.0-only
/* A plugin that would take its arena's pages from under the device. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("frees", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

struct nothing {
	u64 word;
};
KPLUG_ARENA(struct nothing, nothing);

void bpf_arena_free_pages(void *map, void __arena *ptr, u32 pages) __ksym;

KPLUG_HOOK(call)
{
	bpf_arena_free_pages(&kplug_arena, nothing(), 1);
	kplug_answer(ev, 0, 0, 0);
}
