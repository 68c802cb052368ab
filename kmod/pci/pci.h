/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_PCI_H
#define KPLUG_PCI_H

int kplug_pci_init(void);
void kplug_pci_exit(void);

#endif /* KPLUG_PCI_H */
