/* SPDX-License-Identifier: GPL-2.0-only */
/* What sync_rings.bpf.c and sync_rings.c agree on: the buffer, and the messages of kplug_call(). */
#ifndef SYNC_RINGS_H
#define SYNC_RINGS_H

#include "../../../bpf/kplug_sync.h"

/* Tears show: four words that tell of each other. */
struct ring_msg {
	__u64 number, inverted, doubled, squared;
};
#define RING_MSG(n) { (n), ~(__u64)(n), 2 * (__u64)(n), (__u64)(n) * (n) }
#define RING_MSG_OK(m)                                                                                                 \
	((m)->inverted == ~(m)->number && (m)->doubled == 2 * (m)->number && (m)->squared == (m)->number * (m)->number)

KPLUG_RING(msgs, struct ring_msg, 4096);
KPLUG_SEQLOCK(snap, struct ring_msg);
KPLUG_QUEUE(jobs, struct ring_msg, 256);

struct ring_layout {
	struct msgs up; /* plugin to program */
	struct msgs down; /* program to plugin */
	struct snap snap; /* written by the interrupt hook */
	struct snap order; /* written by the program */
	struct jobs jobs; /* written by interrupt and call */
	__u64 to_send; /* up: how many; 0: none, the plugin takes from `down` */
	__u64 sent;
	__u64 received; /* down */
	__u64 bad; /* messages that are not what they should be */
	__u64 wakes; /* of the program */
	__u64 interrupts;
	__u64 jobs_left; /* for the interrupt hook to push */
	__u64 jobs_full; /* pushes that found no room, or were too slow */
	__u64 orders_read, orders_missed;
	atomic_ullong job_number;
	atomic_uint word;
	atomic_ullong words[6];
};

#define RING_CALL_JOB 1 /* pushes one job; result: its number, or -EAGAIN */
#define RING_CALL_ATOMICS 2 /* one of each operation on word and words[] */

#endif /* SYNC_RINGS_H */
