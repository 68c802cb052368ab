/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The interface of nvme.bpf.c to programs: its calls and its buffer. Names and numbers: NVM Express Base Specification
 * 2.0 (registers 3.1.3, queues 3.3, commands 4.2 and 5), NVM Command Set Specification 1.0 (3.2).
 */
#ifndef NVME_H
#define NVME_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* Registers, in BAR 0. */
#define NVME_BAR 0
#define NVME_CAP 0x0
#define NVME_CC 0x14
#define NVME_CSTS 0x1c
#define NVME_AQA 0x24
#define NVME_ASQ 0x28
#define NVME_ACQ 0x30
/* The doorbells of queue y: the submission queue's tail, the completion queue's head. stride: bytes, from CAP.DSTRD */
#define NVME_SQTDBL(y, stride) (0x1000 + 2 * (y) * (stride))
#define NVME_CQHDBL(y, stride) (0x1000 + (2 * (y) + 1) * (stride))

/* A command of the I/O queues. */
#define NVME_FLUSH 0x00
#define NVME_WRITE 0x01
#define NVME_READ 0x02

struct nvme_command {
	__u8 opcode, flags;
	__u16 cid;
	__u32 nsid, cdw2, cdw3;
	__u64 mptr, prp1, prp2;
	__u32 cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};

struct nvme_completion {
	__u32 dw0, dw1;
	__u16 sqhd, sqid, cid;
	__u16 status; /* bit 0 is the phase */
};

#define NVME_PAGE 4096
#define NVME_ENTRIES 64 /* of each queue; one less can be under way */
#define NVME_QUEUES_MAX 16 /* pairs for I/O: one for each CPU */
#define NVME_NSID_MAX 4
#define NVME_PRPS 32
#define NVME_BYTES_MAX (NVME_PRPS * NVME_PAGE) /* of one command */

/*
 * The buffer, with the queues. Who may write it has the device do anything: it is the driver's own, mode 0600. Data is
 * elsewhere.
 */
struct nvme_buffer {
	struct nvme_queue {
		struct nvme_command sq[NVME_ENTRIES];
		union {
			struct nvme_completion cq[NVME_ENTRIES];
			__u8 page[NVME_PAGE];
		};
		__u64 prp[NVME_ENTRIES][NVME_PRPS]; /* PRP list of the command in the same place of sq */
	} queue[1 + NVME_QUEUES_MAX]; /* 0: admin, the program's */
};

/* Messages of kplug_call(). */

/*
 * The program has enabled the controller and made the I/O queues 1..queues in the buffer, all of NVME_ENTRIES, the
 * completion queue of queue y with vector y. As many as the machine has CPUs. -EACCES: the buffer is not the caller's.
 * -EINVAL: out of range. -EBUSY: commands are under way.
 */
#define NVME_CALL_START 1
struct nvme_start {
	__u32 queues; /* 1..NVME_QUEUES_MAX */
	__u32 stride; /* of the doorbells, bytes */
	/* By nsid - 1: log2 of bytes in a block; 0: no such namespace, or one with metadata. */
	__u8 block_shift[NVME_NSID_MAX];
	__u32 reserved;
};

/*
 * One command: the call returns when the device has completed it. Result 0, or
 *   -EINVAL  opcode, nsid, blocks or addr is out of range
 *   -EACCES  the memory at addr is not the caller's: see kplug_dma_permission()
 *   -EBUSY   the CPU's queue is full, or too many calls are pending
 *   -EAGAIN  the plugin was not started, has no queue for this CPU, or its buffer has ended
 *   -EIO     the device says `status`; or it was reset
 */
#define NVME_CALL_IO 2
struct nvme_io {
	__u64 addr; /* the device's, of the data, a multiple of 4; flush: 0 */
	__u64 slba;
	__u32 nsid; /* 1..NVME_NSID_MAX */
	__u16 blocks; /* at most NVME_BYTES_MAX bytes; flush: 0 */
	__u8 opcode;
	__u8 reserved;
	__u32 status; /* out: status field of the completion, without the phase */
	__u32 reserved2;
};

#endif /* NVME_H */
