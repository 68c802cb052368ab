// SPDX-License-Identifier: GPL-2.0-only
/* Test program, no plugin: counts the CPU access calls that reach udmabuf. Attached by cases/memory/udmabuf.c. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

u64 begun, ended;

SEC("fentry/begin_cpu_udmabuf")
int begin(void *ctx)
{
	begun++;
	return 0;
}

SEC("fentry/end_cpu_udmabuf")
int end(void *ctx)
{
	ended++;
	return 0;
}
