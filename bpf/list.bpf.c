// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes a linked list of jobs in an arena, shared by plugin, programs and QEMU's edu device
 * (see list.h). The device writes to one job after another; at each interrupt the plugin moves the
 * job to another list and starts the next. The last one wakes the readers. Nothing is copied, and
 * pointers need no translation.
 *
 * Not for other devices, nor without an IOMMU, which arenas need.
 *
 *   kplug buffer alloc DEV list 64K --kind arena --dma-bits 28
 *   kplug plugin load DEV list.bpf.o
 */
#include "kplug.bpf.h"
#include "edu_regs.h"
#include "list.h"

KPLUG_PLUGIN("list", "1.0", 0x1234, 0x11e8);
KPLUG_ARENA(struct list, list);

static struct list_job __arena *current; /* not in the arena, where programs could change it */
static u32 busy;

/* Programs write the links: kplug_arena_dma() keeps the device inside the arena. */
static int start_next(struct kplug_event *ev)
{
	struct list_job __arena *job = list()->waiting;
	u64 to;

	if (!job)
		return -ENOENT;
	to = kplug_arena_dma(job->data, sizeof(job->data));
	if (!to)
		return -ERANGE;
	list()->waiting = job->next;
	current = job;
	kplug_write64(ev, EDU_BAR, EDU_DMA_SRC, EDU_MEMORY);
	kplug_write64(ev, EDU_BAR, EDU_DMA_DST, to);
	kplug_write64(ev, EDU_BAR, EDU_DMA_COUNT, sizeof(job->data));
	kplug_write64(ev, EDU_BAR, EDU_DMA_CMD, EDU_DMA_CMD_START | EDU_DMA_CMD_TO_RAM | EDU_DMA_CMD_RAISE);
	return 0;
}

KPLUG_HOOK(call)
{
	int err;

	if (ev->message != LIST_CALL_START)
		return;
	if (__sync_val_compare_and_swap(&busy, 0, 1)) {
		kplug_answer(ev, -EBUSY, 0, 0);
		return;
	}
	err = start_next(ev);
	if (err)
		busy = 0;
	kplug_answer(ev, err, 0, 0);
}

KPLUG_HOOK(interrupt)
{
	u32 status = kplug_read32(ev, EDU_BAR, EDU_IRQ_STATUS);
	struct list_job __arena *job = current;

	if (!status)
		return; /* another device's, on a shared line */
	kplug_write32(ev, EDU_BAR, EDU_IRQ_ACK, status);
	if (!(status & EDU_IRQ_STATUS_DMA) || !job) {
		kplug_answer(ev, 0, KPLUG_MINE, 0);
		return;
	}
	job->number = ++list()->jobs_done;
	job->next = list()->done;
	list()->done = job;
	current = NULL;
	if (!start_next(ev)) {
		kplug_answer(ev, 0, KPLUG_MINE, 0);
		return;
	}
	busy = 0;
	kplug_answer(ev, 0, KPLUG_MINE, 1);
}
