/* SPDX-License-Identifier: GPL-2.0-only */
/* Between grace_periods.bpf.c and its test. */
#ifndef GRACE_PERIODS_H
#define GRACE_PERIODS_H

struct grace {
	__u64 periods;
	__u32 process; /* whose; set by the test */
	__u32 reserved;
};

#endif /* GRACE_PERIODS_H */
