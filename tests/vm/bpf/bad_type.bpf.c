// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that the verifier takes and the module must not: none is a tp_btf one of its hook. Loaded by
 * cases/plugin/attach.c.
 */
#include "replaceable.h"

char LICENSE[] SEC("license") = "GPL";

PROGRAM("tp_btf/kplug_call", right)
PROGRAM("tp_btf/kplug_interrupt", other_hook)
PROGRAM("tp_btf/sched_switch", other_tracepoint)
PROGRAM("fentry/kplug_answer", fentry)
PROGRAM("fexit/kplug_answer", fexit)
PROGRAM("iter/task", iterator)
PROGRAM("kprobe/kplug_hook_fire", kprobe)
PROGRAM("raw_tp/kplug_call", raw_tp)
PROGRAM("raw_tp.w/kplug_call", raw_tp_w)
PROGRAM("tp/kplug/kplug_call", tracepoint)
PROGRAM("perf_event", perf_event_prog)
PROGRAM("lsm/file_open", lsm)
PROGRAM("syscall", syscall_prog)
PROGRAM("xdp", xdp_prog)
PROGRAM("socket", socket_prog)
PROGRAM("freplace/right", replaces_right)

/* These do not even load. */
SEC("freplace/right") int replaces_with_more(struct bpf_raw_tracepoint_args *ctx __arg_ctx, int more)
{
	return more;
}

SEC("freplace/right") int replaces_with_a_number(int number)
{
	return number;
}

SEC("freplace/right") int replaces_and_calls(struct bpf_raw_tracepoint_args *ctx __arg_ctx)
{
	struct kplug_event *ev = (void *)ctx->args[0];

	if (ev)
		kplug_answer(ev, 0, 0, 0);
	return 0;
}
