/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* What list.bpf.c and its programs agree on: lists of jobs in an arena, which both follow and change. */
#ifndef LIST_H
#define LIST_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#ifndef __arena
#define __arena
#endif

#define LIST_JOB_BYTES 512

/*
 * Message of kplug_call(): begins with the first job of `waiting`. Result 0, or -ENOENT (none waits), -EBUSY, -ERANGE
 * (it is not in the arena).
 */
#define LIST_CALL_START 1

struct list_job {
	struct list_job __arena *next;
	__u64 number; /* from 1, in the order in which they were done; by the plugin */
	__u8 data[LIST_JOB_BYTES]; /* by the device: a copy of its memory's first bytes */
};

/* At the arena's beginning; jobs are wherever the program puts them. */
struct list {
	struct list_job __arena *waiting; /* the program's until the call, then the plugin's */
	struct list_job __arena *done; /* the last one first; the program's once a read() tells of it */
	__u64 jobs_done;
};

#endif /* LIST_H */
