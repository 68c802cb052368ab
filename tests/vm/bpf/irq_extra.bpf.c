// SPDX-License-Identifier: GPL-2.0-only
/* Tries to add bytes and a delayed wake-up to every interrupt. For cases/plugin/bpf_links.c. */
#include "kplug.bpf.h"
#include "irq_extra.h"

char LICENSE[] SEC("license") = "GPL";

struct irq_extra extra;

KPLUG_HOOK(interrupt)
{
	u64 bytes = ev->sequence;

	extra.attach = kplug_attach(ev, &bytes, sizeof(bytes));
	extra.wake = kplug_wake_after(ev, 1000000);
	__sync_fetch_and_add(&extra.runs, 1);
}
