#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: lockdown
# shows: cli:bind cli:soft-create cli:reg-read cli:reg-write kmod/node/registry.c kmod/plugin/plugin.c
# timeout: 200
# kmsg: Lockdown: [a-z_]+: .* is restricted; see man kernel_lockdown.7
# A kernel locked down for integrity, as Secure Boot does it: what is refused, with which words, and what works all the same.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"
. "$KPLUG_SRC/tests/vm/rig/modules.sh"

edu=${KPLUG_EDU%% *}
# Where nothing can be signed, the kernel is locked down now that the modules are in; the debug kernel booted like that.
case $(</sys/kernel/security/lockdown) in '[none]'*) echo integrity >/sys/kernel/security/lockdown ;; esac
like "$(</sys/kernel/security/lockdown)" '\[integrity\]' 'the kernel is locked down'

# Registers of a PCI function, the way sysfs has it.
runs 'binding' kplug bind "$edu"
run_fails 1 'Operation not permitted' 'sysfs does not give a BAR' sh -c "echo 0 | dd of=/sys/bus/pci/devices/$edu/config conv=notrunc"
keeps='the kernel is locked down and denies programs PCI registers; access them from a plugin$'
run_fails 1 "$edu: register 0x0 of BAR 0: $keeps" 'nor does kplug, to read' kplug reg read "$edu" 0 0
run_fails 1 "$edu: register 0x4 of BAR 0: $keeps" '... or to write' kplug reg write "$edu" 0 4 1

# All else, of a device that an IOMMU confines: a buffer, a plugin that uses the registers, a call that has it work.
runs 'a buffer' kplug buffer alloc "$edu" edu 64K --dma-bits 28
runs 'a plugin' kplug plugin load "$edu" "$KPLUG_BPF/edu.bpf.o"
is "$(kplug call "$edu" 1 2>&1)" 'result 100' 'a call'
runs 'unbinding' kplug unbind "$edu"

# A plugin of another device could write any memory.
free=${KPLUG_EDU##* }
echo identity >"/sys/bus/pci/devices/$free/iommu_group/type"
runs 'binding a device whose DMA is not translated' kplug bind "$free"
runs 'its buffer' kplug buffer alloc "$free" edu 64K --dma-bits 28
run_fails 1 "plugin edu on device $free: the kernel is locked down, and no IOMMU confines the device\$" \
	'its plugin is refused' kplug plugin load "$free" "$KPLUG_BPF/edu.bpf.o"
run_fails 1 'no plugin' '... and is not there' kplug plugin show "$free"
runs 'unbinding it' kplug unbind "$free"

# A software device has no hardware to protect.
runs 'a software device' kplug soft create soft0
runs 'its buffer' kplug buffer alloc soft0 count 4096
runs 'its plugin' kplug plugin load soft0 "$KPLUG_BPF/count.bpf.o"
like "$(kplug reg read soft0 0 0 2>&1)" '^0x010000ed$' 'its registers are read'
runs 'deleting it' kplug soft delete soft0

# Copied by objcopy, a module has no signature.
runs 'unloading' unload_modules
objcopy "$KPLUG_KMOD/kplug.ko" /tmp/kplug.ko
run_fails 1 'Operation not permitted' 'an unsigned module does not load' insmod /tmp/kplug.ko
like "$(dmesg | tail -n 3)" 'Lockdown: insmod: unsigned module loading is restricted' '... and the log says why'
run_fails 1 "$edu: module kplug_pci not found in " '... and bind finds none that is installed' kplug bind "$edu"
if [[ $KPLUG_KERNEL = *-kplug-debug ]]; then
	runs 'signed modules load' load_modules "$KPLUG_KMOD"
else
	skip 'signed modules load: the rig has the key of the debug kernel only'
fi
plan
