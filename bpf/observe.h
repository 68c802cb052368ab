/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The records in the ring buffer of observe.bpf.c. */
#ifndef OBSERVE_H
#define OBSERVE_H

/* Members as in struct kplug_event. */
struct observe_record {
	__u32 hook; /* enum kplug_hook */
	__u32 vector;
	__u32 message;
	__u32 size;
	__u32 pid;
	__u32 uid;
	__u32 flags;
	__u32 notify;
	__s64 result;
	__u64 sequence;
	__u64 count;
	__u64 time; /* ns, CLOCK_MONOTONIC, when it was observed */
};

#endif /* OBSERVE_H */
