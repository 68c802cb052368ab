// SPDX-License-Identifier: GPL-2.0-only
/* Test program, no plugin: reads byte 5000 of a buffer, which must have so many. Loaded by cases/buffer/map_prog.c. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

u8 global[8192] SEC(".bss.kplug");

SEC("syscall")
long access(void *ctx)
{
	return *(volatile u8 *)&global[5000];
}
