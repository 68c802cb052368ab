#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# in-root.sh ROOT COMMAND...: becomes a command inside ROOT, with the work tree read-only at /src, the output at /out, the
# runs at /srv, ROOT itself without all these mounts at /mnt, and the debug kernel, if KPLUG_DEBUG is its folder, at /opt.
set -euo pipefail

cd "$(dirname "$0")"
. ./lib.sh

mkdir -p "$VM/out" "$VM/run"
export KPLUG_DEBUG=${KPLUG_DEBUG-}
# shellcheck disable=SC2016 # for the inner shell
exec unshare -m sh -ec '
	mount --make-rprivate /
	mount --bind "$0" "$0/mnt"
	mount --bind "$TOP" "$0/src" && mount -o remount,bind,ro "$0/src"
	mount --bind "$VM/out" "$0/out"
	mount --bind "$VM/run" "$0/srv"
	[ -z "$KPLUG_DEBUG" ] || mount --bind "$KPLUG_DEBUG" "$0/opt"
	mount -t proc proc "$0/proc"
	mount -t tmpfs tmpfs "$0/tmp"
	exec chroot "$0" env -i HOME=/root PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 ${V:+"V=$V"} \
		CMOCKA_MESSAGE_OUTPUT=TAP ASAN_OPTIONS=detect_leaks=1 "$@"' "$@"
