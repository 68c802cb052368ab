#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi iommu
# shows: kmod/pci/pci.c cli:unbind
# The virtual functions of a function that kplug has: they come to kplug, and go when it leaves their parent.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

id=$(grep -l 0x10c9 /sys/bus/pci/devices/*/device | head -n 1)
pf=$(basename "${id%/device}") folder=/sys/bus/pci/devices
if [ ! -e "$folder/$pf/sriov_numvfs" ]; then
	skip 'a kernel without CONFIG_PCI_IOV'
	plan
fi
driver_of() { basename "$(readlink "$folder/$1/driver")"; }
vfs() { for vf in "$folder/$pf"/virtfn*; do [ ! -e "$vf" ] || basename "$(readlink "$vf")"; done | xargs; }
set_vfs() { echo "$1" >"$folder/$pf/sriov_numvfs"; }
nodes() { find /dev/kplug -type c -printf '%f\n' 2>/dev/null | xargs; }

runs "the functions' own driver is there" modprobe igbvf
runs 'binding' kplug bind "$pf"
runs 'two virtual functions' set_vfs 2
read -r one two <<<"$(vfs)"
is "$(driver_of "$one") $(driver_of "$two")" 'kplug kplug' "both are kplug's"
like "$(kplug info "$one")" 'vectors +3' 'one has its vectors'
runs 'its registers can be read' kplug reg read "$one" 0 0x8
runs 'a buffer' kplug buffer alloc "$one" buffer 4096
runs 'none' set_vfs 0
is "$(vfs) $(nodes)" " $pf" 'they have gone'

runs 'one again' set_vfs 1
exec 9<>"/dev/kplug/$one"
timeout 20 kplug irq wait "$one" >/tmp/said &
waiter=$!
sleep 1
runs 'unbinding the parent' kplug unbind "$pf"
is "$(vfs) $(nodes)" ' ' 'the other one has gone with it'
wait $waiter
like "$(</tmp/said)" 'event remove' 'who waited for it is told'
exec 9>&-
busybox rmmod igbvf
plan
