/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_CHARDEV_H
#define KPLUG_CHARDEV_H

#include <linux/fs.h>

struct kplug_device;

extern const struct file_operations kplug_fops;

/* Takes the device's BARs out of every program's address space. After the device is dead: no mmap adds one. */
void kplug_chardev_zap_bars(struct kplug_device *kdev);

#endif /* KPLUG_CHARDEV_H */
