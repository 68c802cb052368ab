/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The interface of list.bpf.c to programs: lists of jobs in an arena, which both follow and change. */
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
 * Message of kplug_call(): starts the first job of `waiting`. Result 0, or -ENOENT (no job waits),
 * -EBUSY (jobs are in progress), -ERANGE (the job is outside the arena).
 */
#define LIST_CALL_START 1

struct list_job {
	struct list_job __arena *next;
	__u64 number; /* set by the plugin: from 1, in the order of completion */
	__u8 data[LIST_JOB_BYTES]; /* written by the device: the first bytes of its memory */
};

/* At the arena's start; jobs are anywhere in it. */
struct list {
	struct list_job __arena *waiting; /* the program's until the call, then the plugin's */
	struct list_job __arena *done; /* last job first; owned by the program after the wake-up */
	__u64 jobs_done;
};

#endif /* LIST_H */
