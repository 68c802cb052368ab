/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that do nothing, and that others can replace by freplace. */
#ifndef REPLACEABLE_H
#define REPLACEABLE_H

#include "kplug.bpf.h"

/* This type and tag of the argument are what it takes to be replaced by an freplace program. */
struct bpf_raw_tracepoint_args {
	u64 args[0];
};
#define PROGRAM(section, name)                                                                                         \
	SEC(section) int name(struct bpf_raw_tracepoint_args *ctx __arg_ctx)                                           \
	{                                                                                                              \
		return 0;                                                                                              \
	}

#endif /* REPLACEABLE_H */
