#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# also: intx
# shows: lib/wd/sample/td41.c
# The technical note's sample and the guide's first program, compiled with the porting layer, on the software device
# and on edu.
set -uo pipefail

# shellcheck source=tests/vm/rig/tap.sh
. "$KPLUG_SRC/tests/vm/rig/tap.sh"
sample=${KPLUG_BPF%/bpf}/lib/wd/sample/td41
guide=${KPLUG_BPF%/bpf}/lib/wd/guide
edu=${KPLUG_EDU%% *}
export KPLUG_PLUGIN_PATH=${sample%/*}

runs 'a software device' kplug soft create soft0
runs 'edu is bound' kplug bind "$edu"
for device in soft0 "$edu"; do
	export KPLUG_WD_DEVICE=$device
	out=$("$sample" 2>&1)
	is "$?" 0 "$device: the sample runs"
	like "$out" 'call: the plugin wrote 16384 bytes' '... passing the buffer by a call'
	like "$out" 'interrupt enable: the plugin wrote them again' "... and by the interrupt's enable"
	KPLUG_PLUGIN_PATH=/nowhere run_fails 1 'failed opening a handle to the Kernel PlugIn: Kernel plugin failure' \
		'... and says that there is no such plugin' "$sample"
	is "$(KPLUG_PLUGIN_PATH=$guide "$guide/buffer_before" 2>&1)" 'result 1, in the buffer 1' "... the guide's program, too"
	is "$(cd "$guide" && ./buffer_after "$device" 2>&1)" 'result 1, in the buffer 1' '... and what becomes of it on libkplug'
done
unset KPLUG_WD_DEVICE
run_fails 1 'opening the device: Device not found' 'which device, is not clear' "$sample"
runs 'edu is let go' kplug unbind "$edu"
runs 'one device needs no name' "$sample"
runs 'the software device is deleted' kplug soft delete soft0
plan
