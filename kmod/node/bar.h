/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_BAR_H
#define KPLUG_BAR_H

struct kplug_device;
struct vm_area_struct;

/* Maps a part of a BAR into a program: see KPLUG_MMAP_BAR. The caller has entered the device. */
int kplug_bar_mmap(struct kplug_device *kdev, struct vm_area_struct *vma);

/* Takes the device's BARs out of every program's address space. After the device is dead: nothing brings one back. */
void kplug_bar_zap(struct kplug_device *kdev);

#endif /* KPLUG_BAR_H */
