/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_IRQ_H
#define KPLUG_IRQ_H

#include <linux/list.h>
#include <linux/wait.h>

#include "kplug_uapi.h"

struct eventfd_ctx;
struct kplug_device;

/* What a vector has counted since its device was bound, or how far a reader has read of it. */
struct kplug_cursor {
	u64 sequence; /* interrupts handled; of events: events */
	u64 coalesced; /* interrupts whose hook woke no reader */
	u64 posts; /* wake-ups */
	u64 notify; /* sum of their notify counts */
};

/* What an open file has enabled, and how far it has read. */
struct kplug_reader {
	u64 file; /* id of the open file, for events; never reused */
	wait_queue_head_t wait; /* of its read() and poll(): other files' vectors do not wake it */
	u64 events; /* as `cursor` below */
	u32 next; /* the vector that the next read begins with, under the file's read_lock */
	/* How far the peeked record goes, under the same. Absolute: enabling the vector anew meanwhile does no harm. */
	struct kplug_cursor peeked;
	unsigned long *enabled; /* a bit per vector: written under kplug_device.irq_lock, read without it */
	struct kplug_subscription {
		struct kplug_cursor cursor; /* under the file's read_lock, or while not enabled */
		wait_queue_head_t *wait; /* the reader's */
		struct eventfd_ctx *eventfd; /* or NULL */
		struct list_head node; /* kplug_vector.readers, while enabled */
	} *vector; /* kplug_device.desc.vectors of them */
};

/* Prepares a zeroed reader for the device's vectors. kplug_reader_free() also undoes a failed init. */
int kplug_reader_init(struct kplug_device *kdev, struct kplug_reader *reader);
void kplug_reader_free(struct kplug_reader *reader);

/* See KPLUG_IRQ_ENABLE and its kin. The caller has entered the device. `data`: arg->data_size bytes for the hook. */
int kplug_irq_enable(struct kplug_device *kdev, struct kplug_reader *reader, const struct kplug_irq_enable *arg,
		     u8 *data);
int kplug_irq_disable(struct kplug_device *kdev, struct kplug_reader *reader, const struct kplug_irq *arg);
int kplug_irq_unmask(struct kplug_device *kdev, const struct kplug_irq *arg);
int kplug_irq_trigger(struct kplug_device *kdev, const struct kplug_irq *arg);
int kplug_irq_resume(struct kplug_device *kdev, const struct kplug_irq *arg);
int kplug_irq_info(struct kplug_device *kdev, struct kplug_irq_info *arg);

/*
 * Before the reader is freed: disables what it has enabled, and drops its eventfds. The caller has not entered the
 * device, which may be dead, or being removed. Waits for a grace period if anything was enabled.
 */
void kplug_irq_close(struct kplug_device *kdev, struct kplug_reader *reader);

/* Is there a record for the reader? Any context. */
bool kplug_irq_has_records(struct kplug_device *kdev, const struct kplug_reader *reader);
/*
 * Takes a record, without waiting; false: there is none. It counts as unread until committed. Both happen under one
 * hold of the file's read_lock.
 */
bool kplug_irq_peek(struct kplug_device *kdev, struct kplug_reader *reader, struct kplug_record *record);
void kplug_irq_commit(struct kplug_reader *reader, const struct kplug_record *record);

int kplug_irq_alloc(struct kplug_device *kdev);
/* Frees every interrupt, for the device's removal; waits until no handler and no deferred thread runs. */
void kplug_irq_remove(struct kplug_device *kdev);
void kplug_irq_free(struct kplug_device *kdev);

#endif /* KPLUG_IRQ_H */
