# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Loading and unloading the modules in a guest.
KPLUG_MODULES=(kplug kplug_pci kplug_soft kplug_memory)

# load_modules FOLDER
load_modules()
{
	local m
	for m in "${KPLUG_MODULES[@]}"; do
		busybox insmod "$1/$m.ko" || return
	done
}

# until_unloaded [SECONDS]: the kernel lets programs, maps and files go some time after their last user
until_unloaded()
{
	local out end=$((SECONDS + ${1:-20} * ${SLOWER:-1}))
	until out=$(unload_modules 2>&1) && return; do
		[ $SECONDS -lt $end ] || break
		sleep 0.3
	done
	echo "$out"
	return 1
}

# unload_modules: in mirror order; one try each, those that are loaded
unload_modules()
{
	local i m
	for ((i = ${#KPLUG_MODULES[@]} - 1; i >= 0; i--)); do
		m=${KPLUG_MODULES[i]}
		[ ! -d "/sys/module/$m" ] || rmmod "$m" || return
	done
}
