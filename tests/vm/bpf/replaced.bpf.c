// SPDX-License-Identifier: GPL-2.0-only
/* A plugin whose programs freplace takes: for that the kernel must know their argument as their context. By tests/vm/fuzz_bpf.c. */
#include "kplug.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct bpf_raw_tracepoint_args {
	u64 args[0];
};
#define PROGRAM(hook)                                                                                                  \
	SEC("tp_btf/kplug_" #hook) int hook(struct bpf_raw_tracepoint_args *ctx __arg_ctx)                             \
	{                                                                                                              \
		return 0;                                                                                              \
	}

PROGRAM(open)
PROGRAM(close)
PROGRAM(call)
PROGRAM(int_enable)
PROGRAM(int_disable)
PROGRAM(interrupt)
PROGRAM(deferred)
PROGRAM(event)
