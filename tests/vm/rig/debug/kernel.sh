#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kernel.sh ROOT CONFIG...: makes the debug kernel from the root's linux-source package and these files of this folder,
# once, and prints its folder: release, bzImage, and build/ to build modules against.
set -euo pipefail

cd "$(dirname "$0")/.."
. ./lib.sh

root=$1
shift

# Runs in the root, with the new folder at /opt and the configuration's files as arguments. What is left of the build is
# what modules need.
# shellcheck disable=SC2016 # for the inner shell
recipe='
	cd /opt
	tar -xJf /usr/src/linux-source-6.12.tar.xz
	mv linux-source-6.12 build
	cd build
	(cd /src/tests/vm/rig/debug && cat "$@") >wanted.config
	make -s KCONFIG_ALLCONFIG=wanted.config allnoconfig
	while read -r line; do
		case $line in
		CONFIG_*=n) ! grep -q "^${line%=n}=" .config ;;
		CONFIG_*) grep -qxF "$line" .config ;;
		esac || { echo "$*: no $line in the end: $(grep -w "${line%%=*}" .config)"; exit 1; }
	done <wanted.config
	make -j"$(nproc)" LOCALVERSION=-kplug-debug bzImage modules
	cp arch/x86/boot/bzImage /opt/
	make -s LOCALVERSION=-kplug-debug kernelrelease >/opt/release
	find . -name "*.o" ! -path "./scripts/*" ! -path "./tools/*" -delete
	rm -f .tmp_* vmlinux.a arch/x86/boot/compressed/vmlinux*'

cache=$(cache_dir)
# Another source, compiler, recipe or configuration is another kernel.
versions=$(sed -nE '/^Package: (linux-source-6\.12|gcc-[0-9]+)$/,/^$/s/^Version: //p' "$root/var/lib/dpkg/status")
[ -n "$versions" ] || die "no linux-source-6.12 in $root"
debug=$cache/debug-$({ echo "$recipe $versions"; (cd debug && cat "$@"); } | sha256sum | cut -c1-12)
[ ! -d "$debug" ] || { echo "$debug"; exit; }

need_root
exec 9>"$cache/debug.lock"
flock -n 9 || { say "waiting for another run that makes the debug kernel"; flock 9; }
[ ! -d "$debug" ] || { echo "$debug"; exit; }

# The place is under a lock, so what another run left there is of a killed one.
rm -rf --one-file-system "$cache"/debug-new-*
new=$cache/debug-new-$$
log=$new/log
mkdir -p "$new"
cleanup()
{
	set +e
	kill "${pid:-}" 2>/dev/null
	wait
	rm -rf --one-file-system "$new"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

say "making the debug kernel (once, 10 to 25 minutes): $debug"
KPLUG_DEBUG=$new ./in-root.sh "$root" sh -euc "$recipe" sh "$@" >"$log" 2>&1 &
pid=$!
seconds=0
while sleep 1 && kill -0 "$pid" 2>/dev/null; do
	seconds=$((seconds + 1))
	[ $((seconds % 30)) != 0 ] || say "  $(wc -l <"$log") steps of about 3000: $(tail -n 1 "$log" | cut -c1-100)"
done
wait "$pid" || { grep -aE -B 5 -m 3 'rror|\.config:' "$log" >&2; tail -n 20 "$log" >&2; die "the debug kernel does not build"; }
mv "$new" "$debug"
say "debug kernel $(<"$debug/release") ready"
echo "$debug"
