// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory between its owner, who has given it up, and its end. Nobody finds it, and it stays charged and mapped for the
 * device: if that still writes there, it meets nobody else's memory, behind an IOMMU neither by a device address that
 * was given again. It leaves when somebody vouches for the device, or when that was reset.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "buffer/buffer.h"
#include "core/device.h"
#include "dma/dma.h"

static void unmap_all(struct kplug_device *kdev, struct list_head *list)
{
	struct kplug_ended *ended;

	lockdep_assert_held(&kdev->buffer_lock);
	list_for_each_entry(ended, list, list) {
		ended->unmap(ended);
		kplug_device_dma_user(kdev, false, -1);
	}
	if (!list_empty(list))
		kplug_dma_flush(kdev);
}

static void give_back(struct list_head *list)
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

void kplug_ended_finish(struct kplug_device *kdev, struct list_head *list, bool quiet)
{
	scoped_guard(mutex, &kdev->buffer_lock) {
		if (quiet)
			unmap_all(kdev, list);
		else
			list_splice_init(list, &kdev->quarantine);
	}
	give_back(list);
}

/* In one hold of the lock: removal, which takes it, then knows that the parent device is no longer used. */
void kplug_quarantine_end(struct kplug_device *kdev, u64 owner)
{
	struct kplug_ended *ended, *next;
	LIST_HEAD(list);

	scoped_guard(mutex, &kdev->buffer_lock) {
		list_for_each_entry_safe(ended, next, &kdev->quarantine, list)
			if (!owner || ended->owner == owner)
				list_move(&ended->list, &list);
		unmap_all(kdev, &list);
	}
	give_back(&list);
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
