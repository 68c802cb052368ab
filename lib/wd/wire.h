/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the porting layer's two sides, plugin.c and kp.bpf.h, tell each other: the bytes of a call or an enable. */
#ifndef KPLUG_WD_WIRE_H
#define KPLUG_WD_WIRE_H

enum { WD_WIRE_CALL, WD_WIRE_OPEN, WD_WIRE_CLOSE };

struct wd_wire {
	__u64 value; /* of pData */
	__u32 op;
	__u32 is_buffer; /* value is a buffer's pKernelAddr */
	__u32 bytes; /* of data[] that are the program's memory at pData */
	__u32 message;
	__u8 data[4072];
};

#endif /* KPLUG_WD_WIRE_H */
