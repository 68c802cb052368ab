// SPDX-License-Identifier: GPL-2.0-only
/* Test program, no plugin: counts the grace periods that one process waits for (cases/node/removed_while_closing.c). */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "grace_periods.h"

char LICENSE[] SEC("license") = "GPL";

struct grace grace;

SEC("fentry/synchronize_rcu")
int count(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == grace.process)
		grace.periods++;
	return 0;
}
