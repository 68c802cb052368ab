/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/line.bpf.c does to an interrupt: the message of a call. */
#ifndef LINE_H
#define LINE_H

enum {
	LINE_GOOD = 1, /* quiets and claims its own, and leaves others' alone */
	LINE_CLAIM, /* claims everything, and quiets nothing */
	LINE_DENY, /* denies everything */
	LINE_SLOW, /* as LINE_GOOD, in 30 ms */
	LINE_DEFER, /* raises vector 0 of the software device again, and defers; the deferred hook does not end */
	LINE_END, /* ... until this */
};

#endif /* LINE_H */
