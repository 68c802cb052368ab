#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Makes the Debian 13 root that everything is built in and that the guests run, once, and prints its path.
set -euo pipefail

cd "$(dirname "$0")"
. ./lib.sh

PACKAGES="
	build-essential clang llvm pkg-config libbpf-dev libelf-dev zlib1g-dev libcmocka-dev libcjson-dev
	dwarves bpftool bpftrace linux-perf strace
	kmod busybox-static cpio xz-utils file pciutils util-linux libcap2-bin procps jq dkms
	linux-source-6.12 bc bison flex openssl libssl-dev libdw-dev python3 rsync
	checkpolicy gdb gnuplot-nox libclang-rt-19-dev liburing-dev libkmod-dev spin
	clang-format clang-tidy codespell shellcheck sparse
	qemu-system-x86"
KERNEL_PACKAGES="linux-image-amd64 linux-headers-amd64 linux-image-rt-amd64 linux-headers-rt-amd64"

# recipe FOLDER MIRROR
# Installing the metapackages a second time, from backports, keeps the first kernel: its package's name has the version in it.
# shellcheck disable=SC2016
recipe()
{
	mmdebstrap --mode=root --variant=apt --skip=check/empty \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/bpftrace/*' \
		--dpkgopt='path-exclude=/etc/kernel/postinst.d/initramfs-tools' \
		--dpkgopt=force-confold \
		--aptopt='Acquire::Languages "none"' \
		--aptopt='APT::Install-Recommends "false"' \
		--essential-hook='mkdir -p "$1/etc/initramfs-tools" && echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"' \
		--include="${PACKAGES//[[:space:]]/ } $KERNEL_PACKAGES" \
		--customize-hook="chroot \"\$1\" apt-get install -y -t trixie-backports $KERNEL_PACKAGES" \
		--customize-hook='mkdir -p "$1/src" "$1/out" "$1/res" && rm -f "$1"/boot/initrd.img-* "$1"/initrd.img*' \
		trixie "$1" "deb $2 trixie main" "deb $2 trixie-updates main" "deb $2 trixie-backports main"
}

cache=$(cache_dir)
# Another recipe is another root.
root=$cache/root-$({ declare -f recipe; echo "$PACKAGES $KERNEL_PACKAGES"; } | sha256sum | cut -c1-12)

if [ -d "$root" ]; then
	echo "$root"
	exit
fi

need_root
mkdir -p "$cache"
exec 9>"$cache/lock"
flock -n 9 || { say "waiting for another run that makes the root"; flock 9; }
if [ -d "$root" ]; then
	echo "$root"
	exit
fi

mirror=${KPLUG_MIRROR:-$(debian_mirror)}
[ -n "$mirror" ] || die "no Debian mirror in this machine's apt configuration: set KPLUG_MIRROR=URL"

# The place is under a lock, so what another run left there is of a killed one.
rm -rf --one-file-system "$cache"/new-*
new=$cache/new-$$
log=$new.log
cleanup()
{
	set +e
	kill "${pid:-}" 2>/dev/null
	wait
	rm -rf --one-file-system "$new" "$log"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

say "making the Debian 13 root (once, two to six minutes): $root"
recipe "$new" "$mirror" >"$log" 2>&1 &
pid=$!
while sleep 5 && kill -0 "$pid" 2>/dev/null; do
	say "  $(tr '\r' '\n' <"$log" | grep . | tail -n 1 | cut -c1-100)"
done
wait "$pid" || { tail -n 40 "$log" >&2; die "mmdebstrap failed"; }

[ "$(find "$new/lib/modules" -mindepth 1 -maxdepth 1 | wc -l)" -ge 4 ] || die "the new root has fewer than four kernels"
mv "$new" "$root"
say "root ready, $(du -sh "$root" | cut -f1)"
echo "$root"
