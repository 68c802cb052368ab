// SPDX-License-Identifier: GPL-2.0-only
/* A struct_ops program, which is no plugin's. Loaded by cases/plugin/attach.c. */
#include "kplug.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Of the kernel's members libbpf wants those named here; it finds their places. */
struct tcp_congestion_ops {
	u32 (*ssthresh)(void *sk);
	u32 (*undo_cwnd)(void *sk);
	void (*cong_avoid)(void *sk, u32 ack, u32 acked);
	char name[16];
};

SEC("struct_ops") u32 struct_op(void *ctx)
{
	return 2;
}

SEC(".struct_ops")
struct tcp_congestion_ops kplug_test = {
	.ssthresh = (void *)struct_op,
	.name = "kplug_test",
};
