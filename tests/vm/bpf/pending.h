/* SPDX-License-Identifier: GPL-2.0-only */
/* What pending.bpf.c and cases/plugin/pending.c share. */
#ifndef PENDING_H
#define PENDING_H

#define SLOTS 1100 /* more than a device can have pending */
#define BY_INTERRUPT 32 /* the interrupt hook completes those of the slots below */
#define RESULT(slot) (1000 + (slot))
#define REPLY 0x5a5a5a5a

enum {
	WAIT = 1, /* leaves the call pending, and keeps its tag in the slot; -EBUSY: it cannot */
	IS_KEPT, /* result: 1 if the slot has a tag */
	COMPLETE, /* completes the slot's call; result: what kplug_call_complete() said */
	COMPLETE_OTHER, /* four tags that are no call's: another generation, three other slots; result: the sum of all */
	REPLY_OUTSIDE, /* result: what kplug_call_reply() said past the end, and before */
	AT_ONCE, /* pending, and completed by the same hook */
	TWICE, /* pending twice; result: the second tag */
	ANSWER, /* pending, and answered */
};

struct pending_data {
	__u32 slot;
	__u32 reply;
};

#endif /* PENDING_H */
