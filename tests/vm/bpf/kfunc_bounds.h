/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/kfunc_bounds.bpf.c tells its test: what each kfunc has returned. */
#ifndef KFUNC_BOUNDS_H
#define KFUNC_BOUNDS_H

struct kfunc_bounds {
	__u64 runs; /* of the interrupt hook */
	__s32 attach_all, attach_more; /* KPLUG_ATTACH_MAX bytes, one more */
	__s32 wake_never, wake_soonest, wake_latest, wake_later; /* 0, 1 ns, 10 s, 1 ns more */
	__s32 answer_flags, answer_bad_flag; /* all flags that there are but KPLUG_QUIET, one that is none */
	__s32 answer_quiet; /* that one, which is for plugins */
	__s32 attach_in_call, wake_in_call; /* which is no interrupt */
};

#endif /* KFUNC_BOUNDS_H */
