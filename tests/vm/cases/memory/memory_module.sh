#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# also: iommu
# kernel: one
# quick: KPLUG_ONE_DEVICE=1
# shows: kind:contiguous kind:wc cli:buffer-alloc kmod/buffer/memory.c kmod/memory/main.c
# shows: kmod/memory/migrate.c
# timeout: 300
# The main job needs the core and one bus side. Each other kind of memory loads kplug_memory by itself, and where that is
# not installed the message says so.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"
. "$KPLUG_SRC/tests/vm/rig/modules.sh"

edu=${KPLUG_EDU%% *}
dir=/lib/modules/$KPLUG_KERNEL
# Not in a mount namespace: the kernel starts modprobe in its own.
mount -t tmpfs tmpfs /lib/modules && mkdir "$dir" || exit
trap 'umount /lib/modules' EXIT

loaded() { find /sys/module -maxdepth 1 -name "kplug*" -printf "%f\n" | sort | xargs; }

# main_job DEVICE COPIES
main_job()
{
	kplug buffer alloc "$1" edu 64K --dma-bits 28 && kplug plugin load "$1" "$KPLUG_BPF/edu.bpf.o" &&
		"${KPLUG_BENCH%/bench}/demo/main_job" "$1" edu "$2" && kplug plugin unload "$1" && kplug buffer free "$1" edu
}

# passes CASE
passes()
{
	local out
	out=$("$KPLUG_TEST/$1" 2>&1)
	is "$? $(grep -c '^not ok' <<<"$out")" '0 0' "$1 passes with kplug_memory not loaded before"
	isnt "$(grep -c '^ok' <<<"$out")" 0 '... and has tests'
	like "$(loaded)" 'kplug_memory' '... which loads it'
	runs '... and it can be unloaded' until_gone kplug_memory
}

until_gone() { for _ in {1..60}; do rmmod "$1" 2>/dev/null && return; sleep 0.3; done; return 1; }

runs 'unloading' until_unloaded
runs 'installing' sh -c "cp $KPLUG_KMOD/*.ko $dir/ && depmod 2>/dev/null"

runs 'a software device' kplug soft create m0 --dma-bits 28
runs 'the main job on it' main_job m0 100
is "$(loaded)" 'kplug kplug_soft' 'it needs the core and kplug_soft only'
runs 'soft delete' kplug soft delete m0
runs 'unloading' until_unloaded
runs 'edu' kplug bind "$edu"
runs 'the main job on it' main_job "$edu" 1
is "$(loaded)" 'kplug kplug_pci' 'it needs the core and kplug_pci only'
runs 'unbinding' kplug unbind "$edu"

runs 'modules for the cases' modprobe -a kplug_soft kplug_pci
case $KPLUG_MACHINE in
iommu) cases='arena umem_release' ;;
*) cases='write_combining umem' ;;
esac
for program in $cases; do passes "$program"; done
runs 'a software device' kplug soft create m0
runs 'a contiguous buffer larger than the page allocator has' kplug buffer alloc m0 large 8M --kind contiguous
like "$(loaded)" 'kplug_memory' '... loads kplug_memory'
run_fails 1 'in use' '... which the buffer holds' rmmod kplug_memory
runs 'freeing it' kplug buffer free m0 large
runs 'unloading kplug_memory' until_gone kplug_memory

rm "$dir/kplug_memory.ko" && depmod 2>/dev/null
for kind in contiguous wc; do
	run_fails 1 'needs the module kplug_memory, which is not installed; load it' "$kind: the message without the module" \
		kplug buffer alloc m0 none 8M --kind $kind
done
is "$(loaded)" 'kplug kplug_pci kplug_soft' 'it is not loaded'
runs 'a buffer of the core' kplug buffer alloc m0 small 64K --kind contiguous
runs '... and its end' kplug buffer free m0 small
plan
