// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory between its owner, who has given it up, and its end. Nobody finds it, and it stays charged and mapped for the
 * device: if that still writes there, it meets nobody else's memory, behind an IOMMU neither by a device address that was
 * given again. It leaves when somebody vouches for the device, or when that was reset.
 */
#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "buffer/buffer.h"
#include "core/device.h"
#include "dma/dma.h"

void kplug_ended_settle(struct kplug_device *kdev, struct list_head *list, bool quiet)
{
	struct kplug_ended *ended;

	lockdep_assert_held(&kdev->buffer_lock);
	if (!quiet && !kdev->desc.confined) {
		list_splice_init(list, &kdev->quarantine);
		return;
	}
	list_for_each_entry(ended, list, list)
		ended->unmap(ended);
	if (!list_empty(list))
		kplug_dma_flush(kdev);
}
EXPORT_SYMBOL_GPL(kplug_ended_settle);

void kplug_ended_release(struct list_head *list)
{
	struct kplug_ended *ended, *next;

	if (list_empty(list))
		return;
	synchronize_rcu(); /* address lookups, through which software devices write */
	list_for_each_entry_safe(ended, next, list, list) {
		struct module *module = ended->module;

		ended->release(ended);
		module_put(module);
	}
}
EXPORT_SYMBOL_GPL(kplug_ended_release);

void kplug_quarantine_end(struct kplug_device *kdev, u64 owner)
{
	struct kplug_ended *ended, *next;
	LIST_HEAD(list);

	scoped_guard(mutex, &kdev->buffer_lock) {
		list_for_each_entry_safe(ended, next, &kdev->quarantine, list)
			if (!owner || ended->owner == owner)
				list_move(&ended->list, &list);
		kplug_ended_settle(kdev, &list, true);
	}
	kplug_ended_release(&list);
}

unsigned long kplug_quarantine_pages(struct kplug_device *kdev)
{
	const struct kplug_ended *ended;
	unsigned long pages = 0;

	guard(mutex)(&kdev->buffer_lock);
	list_for_each_entry(ended, &kdev->quarantine, list)
		pages += ended->pages;
	return pages;
}

u32 kplug_memory_owned(struct kplug_device *kdev, u64 owner)
{
	return kplug_umem_owned(kdev, owner) + kplug_buffer_owned(kdev, owner);
}

void kplug_memory_end(struct kplug_device *kdev, u64 owner)
{
	kplug_umem_end_all(kdev, owner);
	kplug_buffer_end_all(kdev, owner);
}
