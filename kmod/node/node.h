/* SPDX-License-Identifier: GPL-2.0-only */
/* An open file of a device's node, and what the node's files share. */
#ifndef KPLUG_NODE_H
#define KPLUG_NODE_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "irq/irq.h"

struct kplug_device;

struct kplug_file {
	struct kplug_device *kdev; /* held */
	struct file *file;
	struct list_head list; /* kplug_device.files */
	struct mutex read_lock; /* readers of this file take records one at a time */
	struct kplug_reader reader;
	struct list_head umems; /* of struct kplug_ended: written under kplug_device.buffer_lock, read under RCU */
};

extern const struct file_operations kplug_fops;

long kplug_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* KPLUG_NODE_H */
