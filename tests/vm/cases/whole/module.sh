#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# shows: kmod/core/main.c kmod/plugin/kfuncs.c kmod/memory/main.c kmod/pci/pci.c kmod/soft/soft.c
# timeout: 600
# The module files: without BTF, with plain BTF, and in the wrong order.
# kmsg: kplug: the module has no BTF
# kmsg: kplug_(pci|soft|memory): Unknown symbol kplug_
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"
. "$KPLUG_SRC/tests/vm/rig/modules.sh"

run_fails 1 'kplug is in use by:.* kplug_soft' 'kplug does not go before kplug_soft' rmmod kplug
runs 'unloading' unload_modules
is "$(ls -d /sys/module/kplug* /dev/kplug* /sys/class/kplug /sys/kernel/btf/kplug* 2>/dev/null)" '' 'nothing is left'

for m in kplug_pci kplug_soft kplug_memory; do
	run_fails 1 'Unknown symbol' "$m does not load without kplug" insmod "$KPLUG_KMOD/$m.ko"
done
is "$(ls -d /sys/module/kplug* 2>/dev/null)" '' '... and leaves nothing'

# Plugins could not be loaded, and nothing would say why.
objcopy --remove-section .BTF --remove-section .BTF.base "$KPLUG_KMOD/kplug.ko" /tmp/kplug.ko
run_fails 1 'not supported' 'a module without BTF does not load' insmod /tmp/kplug.ko
like "$(dmesg | tail -n 3)" 'kplug: the module has no BTF: build it where' '... and says why'
is "$(ls -d /sys/module/kplug* 2>/dev/null)" '' '... and leaves nothing'

# Plain BTF has other type ids: what is found by them must be found all the same.
like "$(readelf -SW "$KPLUG_KMOD/kplug.ko")" ' \.BTF\.base ' 'the usual module has base-relative BTF'
isnt "$(readelf -SW "$KPLUG_KMOD_PLAIN/kplug.ko" | grep -c ' \.BTF ')" 0 'the other has BTF'
is "$(readelf -SW "$KPLUG_KMOD_PLAIN/kplug.ko" | grep -c ' \.BTF\.base ')" 0 '... that is plain'
runs 'the modules with plain BTF load' load_modules "$KPLUG_KMOD_PLAIN"
for program in verifier_refuses attach; do
	out=$("$KPLUG_TEST/$program" 2>&1)
	is "$? $(grep -c '^not ok' <<<"$out")" '0 0' "tests of $program pass with plain BTF"
	[ "$tap_failed" = 0 ] || grep -A 5 '^not ok' <<<"$out" | sed 's/^/# /'
done
runs 'a plugin with plain BTF' sh -c "kplug soft create p0 && kplug buffer alloc p0 calls 4096 && \
	kplug plugin load p0 $KPLUG_TEST/calls.bpf.o"
is "$(kplug call p0 1)" 'result 0' 'it answers a call with plain BTF'
runs 'its end' kplug soft delete p0
plan
