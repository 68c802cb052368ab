/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_IRQ_H
#define KPLUG_IRQ_H

#include <linux/list.h>
#include <linux/types.h>

#include "kplug_uapi.h"

struct eventfd_ctx;
struct kplug_device;

/* What a vector has counted since its device was bound, or how far a reader has read of it. */
struct kplug_cursor {
	u64 sequence; /* interrupts handled; of events: events */
	u64 held; /* interrupts whose hook woke nobody */
	u64 posts; /* wake-ups */
	u64 notify; /* sum of their notify counts */
};

/* How far an open file has read, and what it has enabled. */
struct kplug_reader {
	u32 enabled; /* bit per vector; kplug_device.irq_lock, and read without it */
	u32 next; /* the vector that the next read begins with, under the file's read_lock */
	u64 events; /* as cursor below */
	struct kplug_subscription {
		struct kplug_cursor cursor; /* under the file's read_lock, or while not enabled */
		struct eventfd_ctx *eventfd; /* or NULL */
		struct list_head node; /* kplug_vector.eventfds */
	} vector[KPLUG_VECTOR_MAX];
};

/* See KPLUG_IRQ_ENABLE and its kin. The caller has entered the device. `data`: arg->data_size bytes for the hook. */
int kplug_irq_enable(struct kplug_device *kdev, struct kplug_reader *reader, const struct kplug_irq_enable *arg,
		     u8 *data);
int kplug_irq_disable(struct kplug_device *kdev, struct kplug_reader *reader, const struct kplug_irq_enable *arg,
		      u8 *data);
/* Disables what the reader has enabled; its eventfds stay subscribed. */
void kplug_irq_disable_all(struct kplug_device *kdev, struct kplug_reader *reader);
/* Before the reader is freed. The device may be dead, or being removed. */
void kplug_irq_unsubscribe_all(struct kplug_device *kdev, struct kplug_reader *reader);
int kplug_irq_unmask(struct kplug_device *kdev, u32 vector);
int kplug_irq_trigger(struct kplug_device *kdev, u32 vector);
int kplug_irq_resume(struct kplug_device *kdev, u32 vector);
int kplug_irq_info(struct kplug_device *kdev, struct kplug_irq_info *arg);

/* Is there a record for the reader? Any context. */
bool kplug_irq_news(struct kplug_device *kdev, const struct kplug_reader *reader);
/*
 * Up to max records, without waiting; returns how many. They stay news until committed, with the cursors that came with
 * them (absolute ones: a vector enabled anew meanwhile does no harm). Both under one hold of the file's read_lock.
 */
unsigned int kplug_irq_peek(struct kplug_device *kdev, const struct kplug_reader *reader, struct kplug_record *records,
			    struct kplug_cursor *cursors, unsigned int max);
void kplug_irq_commit(struct kplug_reader *reader, const struct kplug_record *records,
		      const struct kplug_cursor *cursors, unsigned int count);

int kplug_irq_alloc(struct kplug_device *kdev);
/* Frees every interrupt, for the device's removal; waits until no handler and no deferred thread runs. */
void kplug_irq_remove(struct kplug_device *kdev);
void kplug_irq_free(struct kplug_device *kdev);

#endif /* KPLUG_IRQ_H */
