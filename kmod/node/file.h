/* SPDX-License-Identifier: GPL-2.0-only */
/* An open file of a device node, between chardev.c and ioctl.c. */
#ifndef KPLUG_FILE_H
#define KPLUG_FILE_H

#include <linux/list.h>
#include <linux/mutex.h>

#include "irq/irq.h"

struct file;
struct kplug_device;

struct kplug_file {
	struct kplug_device *kdev; /* held */
	struct file *file;
	struct list_head list; /* kplug_device.files */
	struct mutex read_lock; /* readers of this file take records one at a time */
	struct kplug_reader reader;
};

long kplug_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* KPLUG_FILE_H */
