// SPDX-License-Identifier: GPL-2.0-only
/*
 * The half of an NVMe driver that is on the way of each command (see nvme.h): a program's call becomes a command in the
 * queue of its CPU, and the interrupt of that queue completes the call. Data goes to the caller's own memory. The other
 * half, which enables the controller and makes the queues, is a program's.
 *
 * No lock: a call hook runs with preemption off, so a CPU's submission queue has one producer; a vector's interrupt is
 * handled on one CPU at a time, so a completion queue has one consumer. A command's id is its place in the submission
 * queue, so a queue is full when the next place's command is still under way.
 *
 * Left out: data in pieces, queues shared by CPUs, metadata, asynchronous events.
 *
 *   kplug buffer alloc DEV nvme 408K --mode 0600
 *   kplug plugin load DEV nvme.bpf.o
 */
#include "kplug.bpf.h"
#include "nvme.h"

#define ASK_AGAIN_MS 10

KPLUG_PLUGIN("nvme", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);
KPLUG_BUFFER(struct nvme_buffer, buf);

static u32 queues; /* 0: not started */
static u32 stride;
static u8 block_shift[NVME_NSID_MAX];

/* None of this is in the buffer, where programs could change it. Of each I/O queue, from 0: */
static struct {
	u32 tail; /* of the submission queue, where the next command goes; its CPU's */
	u32 head; /* of the completion queue, where the next one comes; its interrupt's, as the next */
	u32 phase; /* which a new entry has */
} state[NVME_QUEUES_MAX];

/* Of each command that is under way, by place_of(). */
#define PLACES (NVME_QUEUES_MAX * NVME_ENTRIES)
static u64 tag_of[PLACES]; /* tag of the pending call; 0: none is under way */

/* The last open file to close, and what was under way when it began to. */
static u64 closing;
static u64 drained[PLACES];

/* An index, as the verifier needs to see it: the compiler leaves out a check that it has made before. */
static __always_inline u32 below(u32 index, u32 power_of_two)
{
	barrier_var(index);
	return index & (power_of_two - 1);
}

static __always_inline u32 place_of(u32 q, u32 cid)
{
	return below(q * NVME_ENTRIES + cid, PLACES);
}

static bool under_way(void)
{
	u32 i;

	bpf_for(i, 0, PLACES) {
		if (tag_of[i])
			return true;
	}
	return false;
}

/*
 * Is a command under way that came before this file began to close? Others may use its memory, too, if its mode lets
 * them; but a command that comes later finds no address of it.
 */
static bool drains(u64 file)
{
	u32 i;

	if (closing != file) {
		closing = file;
		bpf_for(i, 0, PLACES)
			drained[i] = tag_of[i];
	}
	bpf_for(i, 0, PLACES) {
		if (drained[i] && drained[i] == tag_of[i])
			return true;
	}
	return false;
}

static int start(struct kplug_event *ev)
{
	struct nvme_start *arg = (void *)kplug_event_data(ev, 0, sizeof(*arg));
	u32 i;

	if (!arg || arg->reserved || !arg->queues || arg->queues > NVME_QUEUES_MAX)
		return -EINVAL;
	if (kplug_dma_permission(ev, kplug_dma_addr(ev, &buf, sizeof(buf)), sizeof(buf)))
		return -EACCES;
	if (under_way())
		return -EBUSY;
	bpf_for(i, 0, NVME_QUEUES_MAX) {
		state[i].tail = 0;
		state[i].head = 0;
		state[i].phase = 1;
	}
	for (i = 0; i < NVME_NSID_MAX; i++)
		block_shift[i] = arg->block_shift[i];
	stride = arg->stride;
	queues = arg->queues;
	return 0;
}

/*
 * Describes the data, one piece of device addresses, to the command. list: room for its PRP list, and that list's
 * address for the device.
 */
static void set_prps(struct nvme_command *sqe, u64 addr, u32 bytes, u64 *list, u64 list_addr)
{
	u32 first = NVME_PAGE - addr % NVME_PAGE; /* bytes in the first page */
	u32 i;

	sqe->prp1 = addr;
	if (bytes <= first)
		return;
	sqe->prp2 = addr + first;
	if (bytes <= first + NVME_PAGE)
		return;
	for (i = 0; i < NVME_PRPS; i++) /* entries past the data's end are not looked at */
		list[i] = addr + first + (u64)i * NVME_PAGE;
	sqe->prp2 = list_addr;
}

/* Bytes of a valid command's data, or a negative errno. */
static s64 data_bytes(struct kplug_event *ev, const struct nvme_io *io)
{
	u32 nsid = io->nsid - 1;
	u64 bytes;

	if (nsid >= NVME_NSID_MAX || io->opcode > NVME_READ || io->reserved || io->reserved2 || io->addr % 4)
		return -EINVAL;
	bytes = (u64)io->blocks << block_shift[nsid];
	if (!block_shift[nsid] || bytes > NVME_BYTES_MAX)
		return -EINVAL;
	if (io->opcode == NVME_FLUSH ? io->blocks : !io->blocks)
		return -EINVAL;
	return bytes && kplug_dma_permission(ev, io->addr, bytes) ? -EACCES : (s64)bytes;
}

/* Puts a valid command into place `cid` of queue q. base: the device's address of the buffer. */
static void fill(struct nvme_io *io, u32 q, u32 cid, u32 bytes, u64 base)
{
	struct nvme_command *sqe = &buf.queue[q + 1].sq[cid];
	u64 list =
		(q + 1) * sizeof(struct nvme_queue) + offsetof(struct nvme_queue, prp) + cid * sizeof(u64[NVME_PRPS]);

	*sqe = (struct nvme_command){
		.opcode = io->opcode,
		.cid = cid,
		.nsid = io->nsid,
		.cdw10 = io->slba,
		.cdw11 = io->slba >> 32,
		.cdw12 = io->blocks ? io->blocks - 1 : 0,
	};
	if (bytes)
		set_prps(sqe, io->addr, bytes, buf.queue[q + 1].prp[cid], base + list);
}

/* Gives a command to the device, in the queue of this CPU. 0: the call is pending. */
static int submit(struct kplug_event *ev)
{
	struct nvme_io *io = (void *)kplug_event_data(ev, 0, sizeof(*io));
	u64 base = kplug_dma_addr(ev, &buf, sizeof(buf)), tag;
	u32 q = bpf_get_smp_processor_id(), cid, next;
	s64 bytes;

	if (!io)
		return -EINVAL;
	if (q >= NVME_QUEUES_MAX || q >= queues || !base) /* without the buffer it would read what is there now */
		return -EAGAIN;
	bytes = data_bytes(ev, io);
	if (bytes < 0)
		return bytes;
	q = below(q, NVME_QUEUES_MAX);
	cid = below(state[q].tail, NVME_ENTRIES);
	next = below(cid + 1, NVME_ENTRIES);
	if (tag_of[place_of(q, cid)] || tag_of[place_of(q, next)])
		return -EBUSY;
	tag = kplug_call_pend(ev);
	if (!tag)
		return -EBUSY;
	__sync_lock_test_and_set(&tag_of[place_of(q, cid)], tag); /* before the doorbell; and before this: */
	if (!queues) /* a reset since; it may not have seen the tag */
		return __sync_lock_test_and_set(&tag_of[place_of(q, cid)], 0) ? -EAGAIN : 0;
	fill(io, q, cid, bytes, base);
	state[q].tail = next;
	kplug_write32(ev, NVME_BAR, NVME_SQTDBL(q + 1, stride), next);
	return 0;
}

/* The call of a command returns. */
static void complete(struct kplug_event *ev, u32 place, u32 status, int result)
{
	u64 tag = __sync_lock_test_and_set(&tag_of[place], 0);

	if (!tag)
		return;
	kplug_call_reply(ev, tag, offsetof(struct nvme_io, status), &status, sizeof(status));
	kplug_call_complete(ev, tag, result);
}

/* Takes an entry from a completion queue; false: there is none. */
static bool reap(struct kplug_event *ev, u32 q)
{
	volatile struct nvme_completion *cqe;
	u32 head;
	u16 status;

	q = below(q, NVME_QUEUES_MAX);
	head = below(state[q].head, NVME_ENTRIES);
	cqe = &buf.queue[q + 1].cq[head];
	status = cqe->status;
	if ((status & 1) != state[q].phase)
		return false;
	complete(ev, place_of(q, cqe->cid % NVME_ENTRIES), status >> 1, status >> 1 ? -EIO : 0);
	state[q].head = (head + 1) % NVME_ENTRIES;
	state[q].phase ^= !state[q].head;
	return true;
}

/* Takes all there are. No variable counts in the loop: the verifier would look at each turn for itself. */
static void reap_all(struct kplug_event *ev, u32 q)
{
	u32 head, i;

	q = below(q, NVME_QUEUES_MAX);
	head = state[q].head;
	bpf_for(i, 0, NVME_ENTRIES) {
		if (!reap(ev, q))
			break;
	}
	if (state[q].head != head) /* fewer than all entries have come */
		kplug_write32(ev, NVME_BAR, NVME_CQHDBL(q + 1, stride), state[q].head);
}

KPLUG_HOOK(interrupt)
{
	u32 q = ev->vector - 1;

	if (q < NVME_QUEUES_MAX && q < queues)
		reap_all(ev, q);
	kplug_answer(ev, 0, KPLUG_MINE, 0);
}

KPLUG_HOOK(call)
{
	int err = -ENOSYS;

	if (ev->message == NVME_CALL_START)
		err = start(ev);
	else if (ev->message == NVME_CALL_IO)
		err = submit(ev);
	if (err || ev->message == NVME_CALL_START)
		kplug_answer(ev, err, 0, 0);
}

/* Vouches for a file's memory when all commands that may use it are done. */
KPLUG_HOOK(close)
{
	bool busy = ev->count && drains(ev->file);

	kplug_answer(ev, busy ? ASK_AGAIN_MS : 0, busy ? 0 : KPLUG_QUIET, 0);
}

KPLUG_HOOK(event)
{
	u32 i;

	if (ev->message == KPLUG_EVENT_FREE || ev->message == KPLUG_EVENT_UNLOCK) {
		if (!under_way())
			kplug_answer(ev, 0, KPLUG_QUIET, 0);
		return;
	}
	/* The controller is disabled and has forgotten all. */
	if (ev->message == KPLUG_EVENT_RESET) {
		queues = 0;
		bpf_for(i, 0, PLACES)
			complete(ev, i, 0, -EIO);
	}
	kplug_answer(ev, 0, KPLUG_FORWARD, 0);
}
