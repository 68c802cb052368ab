#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The main job, step by step, on QEMU's edu and on the software device. Runs in the guest.
set -euo pipefail

say() { printf '\n%s\n' "$*"; }
# Shows a command, then runs it.
show()
{
	printf '  # %s\n' "$*"
	"$@" | sed 's/^/  /'
}

job()
{
	local dev=$1 copies=$2 id
	say "Allocate the technical note's 0x10000 bytes, which device, plugin and programs share:"
	show kplug buffer alloc "$dev" edu 0x10000 --dma-bits 28
	id=$(kplug buffer list "$dev" --json | sed -n 's/.*"map_id":[[:space:]]*\([0-9]*\).*/\1/p')
	say "bpftool sees the same memory as an ordinary BPF map:"
	show bpftool map show id "$id"
	say "Load the plugin: the verifier reads it, the module runs it from now on:"
	show kplug plugin load "$dev" "$KPLUG_BPF/edu.bpf.o"
	show kplug plugin show "$dev"
	say "A program uses the buffer, the device and the plugin:"
	"${KPLUG_BENCH%/bench}/demo/main_job" "$dev" edu "$copies"
	say "What is left in the buffer: the plugin's counters (interrupts, deferred, copies, time), then the data:"
	show kplug buffer dump "$dev" edu --length 96
	kplug plugin unload "$dev"
	kplug buffer free "$dev" edu
}

. "${0%/*}/modules.sh"
load_modules "$KPLUG_KMOD"
edu=${KPLUG_EDU%% *}

say "=== QEMU's edu, a PCI device with a DMA engine that takes 100 ms per transfer; Linux $(uname -r) ==="
say "Give the device to kplug:"
show kplug bind "$edu"
show kplug list
job "$edu" 1

say "=== The software device: the same registers, plugin and program; no hardware, no delay ==="
show kplug soft create soft0 --vectors 4
job soft0 50000
kplug soft delete soft0
kplug unbind "$edu"
unload_modules
say "Done: bytes went to each device and came back into the mapped buffer."
