/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The argument of calls and enables, between plugin.c and kp.bpf.h. */
#ifndef KPLUG_WD_WIRE_H
#define KPLUG_WD_WIRE_H

enum { WD_WIRE_CALL, WD_WIRE_OPEN, WD_WIRE_CLOSE };

struct wd_wire {
	__u64 value; /* pData */
	__u32 op;
	__u32 is_buffer; /* value is a buffer's pKernelAddr */
	__u32 bytes; /* valid in data[]: copied from the program's memory at pData */
	__u32 message;
	__u8 data[4072];
};

#endif /* KPLUG_WD_WIRE_H */
