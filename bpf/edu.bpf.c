// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drives QEMU's edu device (docs/specs/edu.rst): acknowledges its interrupts, and copies data
 * through its DMA engine on request (see edu.h).
 *
 * A copy is two transfers: buffer to device, device to buffer. The deferred hook starts the second
 * when the first is done; the readers are woken once, after the second.
 *
 * Not for other devices: it is for 1234:11e8 only, as which kplug's software device presents
 * itself.
 *
 *   kplug buffer alloc DEV edu 0x10000 --dma-bits 28     edu reaches 28 bits unless QEMU's dma_mask= says more
 *   kplug plugin load DEV edu.bpf.o
 */
#include "kplug.bpf.h"
#include "edu.h"
#include "edu_regs.h"

#define ASK_AGAIN_MS 10

KPLUG_PLUGIN("edu", "1.0", 0x1234, 0x11e8);
KPLUG_BUFFER(struct edu_buffer, buf);

/* The copy in progress. Not in the buffer, where programs could change it. */
enum { IDLE, CLAIMED, TO_DEVICE, TO_BUFFER };
static u32 stage;
static u32 starting; /* transfers being started: the device may not show them yet */
static u32 transfers_done; /* counted by interrupt, cleared by deferred */
static u32 dst; /* offset in buf.data */
static u32 bytes;
static u64 waiting; /* tag of the pending call that has asked for it, or 0 */

/* The copy in progress ends. Who waits for it gets the result. */
static void finish(struct kplug_event *ev, int result)
{
	u64 tag = __sync_lock_test_and_set(&waiting, 0);

	__sync_lock_test_and_set(&stage, IDLE); /* first: the caller may ask for the next at once */
	if (tag)
		kplug_call_complete(ev, tag, result);
}

/* The stage becomes `next`. direction: 0 or EDU_DMA_CMD_TO_RAM. */
static void start_transfer(struct kplug_event *ev, u64 from, u64 to, u32 direction, u32 next)
{
	__sync_fetch_and_add(&starting, 1);
	kplug_write64(ev, EDU_BAR, EDU_DMA_SRC, from);
	kplug_write64(ev, EDU_BAR, EDU_DMA_DST, to);
	kplug_write64(ev, EDU_BAR, EDU_DMA_COUNT, bytes);
	__sync_lock_test_and_set(&stage, next); /* first: the interrupt may come at once */
	kplug_write64(ev, EDU_BAR, EDU_DMA_CMD, EDU_DMA_CMD_START | EDU_DMA_CMD_RAISE | direction);
	__sync_fetch_and_add(&starting, -1);
}

/* tag: of the pending call that asks, or 0. */
static int copy(struct kplug_event *ev, u64 tag)
{
	u64 base = kplug_dma_addr(ev, buf.data, sizeof(buf.data));
	struct edu_copy *arg = (void *)kplug_event_data(ev, 0, sizeof(*arg));

	if (!arg || arg->reserved)
		return -EINVAL;
	if (!arg->bytes || arg->bytes > EDU_COPY_MAX || arg->src > sizeof(buf.data) - arg->bytes ||
	    arg->dst > sizeof(buf.data) - arg->bytes)
		return -ERANGE;
	if (!base)
		return -EIO;
	if (kplug_dma_permission(ev, base, sizeof(buf.data))) /* the caller may open the device, but not this buffer */
		return -EACCES;
	if (__sync_val_compare_and_swap(&stage, IDLE, CLAIMED) != IDLE)
		return -EBUSY;
	bytes = arg->bytes;
	dst = arg->dst;
	waiting = tag;
	start_transfer(ev, base + arg->src, EDU_MEMORY, 0, TO_DEVICE);
	return 0;
}

/* The call stays pending until finish(). */
static void copy_and_wait(struct kplug_event *ev)
{
	u64 tag = kplug_call_pend(ev);
	int err = tag ? copy(ev, tag) : -EAGAIN;

	if (err)
		kplug_answer(ev, err, 0, 0);
}

/* The second transfer, unless the buffer has ended meanwhile. Returns whether it has begun. */
static bool copy_back(struct kplug_event *ev)
{
	u64 base = kplug_dma_addr(ev, buf.data, sizeof(buf.data));

	if (__sync_val_compare_and_swap(&stage, TO_DEVICE, CLAIMED) != TO_DEVICE)
		return false;
	if (!base) {
		finish(ev, -EIO);
		return false;
	}
	start_transfer(ev, EDU_MEMORY, base + dst, EDU_DMA_CMD_TO_RAM, TO_BUFFER);
	return true;
}

/* Vouches for the memory of a file that closes as soon as no transfer runs or starts. A copy that waits is given up. */
KPLUG_HOOK(close)
{
	u32 now = stage;
	bool busy = now == CLAIMED || starting || kplug_read32(ev, EDU_BAR, EDU_DMA_CMD) & EDU_DMA_CMD_START;

	if (!busy && now != IDLE)
		busy = __sync_val_compare_and_swap(&stage, now, CLAIMED) != now;
	if (!busy && now != IDLE)
		finish(ev, -ECANCELED);
	kplug_answer(ev, busy ? ASK_AGAIN_MS : 0, busy ? 0 : KPLUG_QUIET, 0);
}

/* What is freed while a transfer runs may be a part of it. */
KPLUG_HOOK(event)
{
	if (ev->message != KPLUG_EVENT_FREE && ev->message != KPLUG_EVENT_UNLOCK)
		kplug_answer(ev, 0, KPLUG_FORWARD, 0);
	else if (stage == IDLE && !starting)
		kplug_answer(ev, 0, KPLUG_QUIET, 0);
}

KPLUG_HOOK(call)
{
	if (ev->message == EDU_CALL_VERSION)
		kplug_answer(ev, EDU_VERSION, 0, 0);
	else if (ev->message == EDU_CALL_COPY)
		kplug_answer(ev, copy(ev, 0), 0, 0);
	else if (ev->message == EDU_CALL_COPY_WAIT)
		copy_and_wait(ev);
	else
		kplug_answer(ev, -ENOSYS, 0, 0);
}

KPLUG_HOOK(interrupt)
{
	u32 status = kplug_read32(ev, EDU_BAR, EDU_IRQ_STATUS);

	if (!status)
		return; /* another device's, on a shared line */
	kplug_write32(ev, EDU_BAR, EDU_IRQ_ACK, status);
	buf.interrupts++;
	if (status & EDU_IRQ_STATUS_DMA)
		__sync_fetch_and_add(&transfers_done, 1);
	kplug_answer(ev, 0, KPLUG_MINE | KPLUG_DEFER, 0);
}

KPLUG_HOOK(deferred)
{
	u32 notify = 1; /* wake the readers for interrupts that belong to no copy */

	buf.deferred += ev->count;
	if (__sync_lock_test_and_set(&transfers_done, 0)) {
		if (copy_back(ev)) {
			notify = 0;
		} else if (stage == TO_BUFFER) {
			buf.copies++;
			buf.completed = bpf_ktime_get_ns();
			finish(ev, 0);
		}
	}
	kplug_answer(ev, 0, 0, notify);
}
