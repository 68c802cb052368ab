// SPDX-License-Identifier: GPL-2.0-only
/* An observer that has nowhere to tell what it sees: for cases/lib/observer_load.c. */
#include "kplug.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile u32 device;

KPLUG_HOOK(call)
{
	if (ev->device == device)
		bpf_printk("%u", device);
}
