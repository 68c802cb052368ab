#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# shows: cli:soft-create cli:bind kmod/plugin/kfuncs.c
# timeout: 300
# kplug soft create and kplug bind load the module that they need; where they cannot, they name it and the way out.
# kmsg: kplug: the module has no BTF
# kmsg: Invalid ELF header magic
set -uo pipefail
# In a mount namespace of its own, which ends with the case: what is installed is in a tmpfs.
[ -n "${KPLUG_OWN_MODULES:-}" ] || KPLUG_OWN_MODULES=1 exec unshare -m "$0"
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

edu=${KPLUG_EDU%% *}
dir=/lib/modules/$KPLUG_KERNEL
mount -t tmpfs tmpfs /lib/modules && mkdir "$dir" || exit

loaded() { find /sys/module -maxdepth 1 -name "kplug*" -printf "%f\n" | sort | xargs; }
. "$KPLUG_SRC/tests/vm/rig/modules.sh"
# put: all modules as built
put() { cp "$KPLUG_KMOD"/*.ko "$dir/" && depmod 2>/dev/null; }

runs 'unloading' until_unloaded
run_fails 1 '^kplug: m0: module kplug_soft not found in /lib/modules/.*; install it' 'soft create: the module is not installed' \
	kplug soft create m0
run_fails 1 "^kplug: $edu: module kplug_pci not found in /lib/modules/.*; install it" 'bind: the module is not installed' \
	kplug bind "$edu"
run_fails 1 '0000:00:1f.7: no such PCI function' 'bind: an unknown function is named before a missing module' \
	kplug bind 0000:00:1f.7
is "$(loaded)" '' 'nothing is loaded'

runs 'installing' put
run_fails 1 '^kplug: m0: module kplug_soft: no right to load it; run this as root$' 'soft create: without privileges' \
	setpriv --reuid 65534 --regid 65534 --clear-groups kplug soft create m0
is "$(loaded)" '' 'nothing is loaded'
runs 'soft create loads the module' kplug soft create m0
is "$(loaded)" 'kplug kplug_soft' '... and the one that it needs'
run_fails 1 'm0.*in use' 'soft create: with the module loaded' kplug soft create m0
runs 'soft delete' kplug soft delete m0
runs 'unloading' until_unloaded

runs 'bind loads the module' kplug bind "$edu"
is "$(basename "$(readlink "/sys/bus/pci/devices/$edu/driver")")" kplug '... and binds the device'
runs 'unbind' kplug unbind "$edu"
runs 'unloading' until_unloaded

objcopy --remove-section .BTF --remove-section .BTF.base "$KPLUG_KMOD/kplug.ko" "$dir/kplug.ko"
run_fails 1 '^kplug: m0: module kplug_soft: it, or a module that it needs, has no BTF' 'soft create: the core has no BTF' \
	kplug soft create m0
head -c 4096 /dev/zero >"$dir/kplug.ko"
run_fails 1 '^kplug: m0: module kplug_soft: it was built for another kernel' 'soft create: the core is no module of this kernel' \
	kplug soft create m0
like "$(kplug -v soft create m0 2>&1)" '^kplug: libkmod: .*kplug' "--verbose shows libkmod's messages"
is "$(loaded)" '' 'nothing is loaded'
plan
