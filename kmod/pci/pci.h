/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_PCI_H
#define KPLUG_PCI_H

struct kplug_device;
struct vm_area_struct;

/* See bar_mmap of struct kplug_bus_ops. */
int kplug_pci_bar_mmap(struct kplug_device *kdev, struct vm_area_struct *vma);

#endif /* KPLUG_PCI_H */
