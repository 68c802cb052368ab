/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_CHARDEV_H
#define KPLUG_CHARDEV_H

#include <linux/fs.h>

extern const struct file_operations kplug_fops;

#endif /* KPLUG_CHARDEV_H */
