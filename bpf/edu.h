/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The interface of edu.bpf.c to programs: its calls and its buffer. */
#ifndef EDU_H
#define EDU_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define EDU_BUFFER_BYTES 0x10000
#define EDU_COPY_MAX 4088 /* the device has 4096, but older QEMUs abort on a transfer of all */

/* Messages of kplug_call(). */
#define EDU_CALL_VERSION 1 /* result: EDU_VERSION */
#define EDU_CALL_COPY 2 /* struct edu_copy; result 0, -ERANGE, -EINVAL, -EBUSY (copying), -EIO, -EACCES */
/* The same; returns when the copy is done, for which vector 0 is enabled. Also -EAGAIN, -ECANCELED. */
#define EDU_CALL_COPY_WAIT 3

#define EDU_VERSION 100

/* Copies data + src to the device, and from there to data + dst. Two DMA transfers, one wake-up. */
struct edu_copy {
	__u32 src, dst; /* offsets in edu_buffer.data */
	__u32 bytes; /* 1..EDU_COPY_MAX */
	__u32 reserved;
};

/* The buffer. The plugin writes the counters, the program and the device the data. */
struct edu_buffer {
	__u64 interrupts; /* acknowledged by the interrupt hook */
	__u64 deferred; /* processed by the deferred hook */
	__u64 copies; /* completed */
	__u64 completed; /* ns, CLOCK_MONOTONIC, of the last copy */
	__u64 reserved[4];
	__u8 data[EDU_BUFFER_BYTES - 64];
};

#endif /* EDU_H */
