#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi intx
# kernel: one
# shows: kmod/pci/pci.c
# kmsg: kplug 0000:00:05.0: no interrupts: no MSI, and the INTx line cannot be masked
# A device whose INTx cannot be masked has no share of a line; its messages it keeps.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

edu=${KPLUG_EDU%% *}
masks() { run_fails '[0-9]+' 'temporarily unavailable' "$1" busybox insmod "$KPLUG_KMOD/../debug/nomask.ko" "device=$edu" "broken=$2"; }
has() { kplug info "$edu" | busybox awk '/^irq mode/ { mode = $3 } /^vectors/ { count = $2 } END { print mode, count }'; }
line_is_off() { [ $(($(od -An -tu2 -j4 -N2 "/sys/bus/pci/devices/$edu/config") & 0x400)) != 0 ]; }

case $KPLUG_MACHINE in
intx) usual='intx 1' broken='none 0' said=1 ;;
*) usual='msi 1' broken='msi 1' said=0 ;;
esac

is "$edu" 0000:00:05.0 'the device that the allowed message names'
masks 'the kernel is told that it cannot be masked' 1
runs 'binding' kplug bind "$edu"
is "$(has)" "$broken" "it has $broken"
is "$(dmesg | grep -c 'the INTx line cannot be masked')" "$said" "the log says why, if it has no vector ($said)"
runs 'the disable bit is set all the same' line_is_off
runs 'unbinding' kplug unbind "$edu"
masks 'the kernel is told that it can' 0
runs 'binding again' kplug bind "$edu"
is "$(has)" "$usual" "it has $usual"
runs 'its line is off while nobody has enabled it' line_is_off
runs 'unbinding again' kplug unbind "$edu"
plan
