#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# build.sh ROOT --unit | --install | --check | --model | --fuzz SECONDS | KERNEL...: builds the work tree inside ROOT.
# Modules go to $VM/out/KERNEL/{kmod,kmod-plain-btf}, all else to $VM/out/user.
set -euo pipefail

cd "$(dirname "$0")"
. ./lib.sh
. ./modules.sh
need_root

root=$1
shift
mkdir -p "$VM/out"
exec 7>"$VM/out.lock"
flock 7

in_root() { ./in-root.sh "$root" "$@"; }

# No grep -q: it would leave readelf with a broken pipe, which pipefail takes for "no such section".
has_section() { in_root readelf -SW "/out/$1" | grep " $2 " >/dev/null; }

# sign MODULE: with the key that the debug kernel was built with, unless it is
sign()
{
	[ "$(tail -c 28 "$VM/out/$1" | tr -d "\0\n")" != '~Module signature appended~' ] || return 0
	in_root /opt/build/scripts/sign-file sha256 /opt/build/certs/signing_key.pem /opt/build/certs/signing_key.x509 "/out/$1"
}

# modules KERNEL FOLDER MAKE-ARGUMENT...
modules()
{
	local kernel=$1 folder=$2 ko kdir=/lib/modules/$1/build
	shift 2
	if is_debug "$kernel"; then
		kdir=/opt/build
		set -- "$@" KCOV_INSTRUMENT=y ${KPLUG_COVERAGE:+GCOV_PROFILE=y}
	fi
	in_root make -C /src -j"$(nproc)" DEV=1 modules KDIR="$kdir" KMOD_OUT="/out/$kernel/$folder" "$@" >&2
	for ko in "${KPLUG_MODULES[@]}"; do
		has_section "$kernel/$folder/$ko.ko" .BTF || die "$kernel/$folder/$ko.ko has no BTF"
		! is_debug "$kernel" || sign "$kernel/$folder/$ko.ko"
	done
}

coverage=()
[ -z "${KPLUG_COVERAGE:-}" ] || coverage=("CFLAGS=-O0 -g --coverage" SANITIZE=) # else a line may be counted at another

case ${1:-} in
--unit)
	in_root make -C /src -j"$(nproc)" O=/out/user DEV=1 "${coverage[@]}" unit
	exit
	;;
--model)
	in_root bash /src/tests/model/run.sh
	exit
	;;
--install)
	in_root bash /src/tests/vm/rig/install.sh
	exit
	;;
--fuzz)
	in_root bash /src/tests/fuzz/fuzz.sh "$2"
	exit
	;;
--check)
	in_root bash /src/tests/check/check.sh ${KPLUG_ALL:+all}
	exit
	;;
esac

say "building user space"
in_root make -C /src -j"$(nproc)" O=/out/user DEV=1 "${coverage[@]}" all tests >&2
in_root sh -ec 'bash /src/tests/vm/rig/policy.sh >/tmp/policy.conf && checkpolicy -U allow -c 33 -o /out/user/selinux.policy /tmp/policy.conf'

# What lets functions fail and devices lack something, and what provokes the debug kernel's watchers.
debug_modules()
{
	local source kdir=/lib/modules/$1/build
	! is_debug "$1" || kdir=/opt/build
	mkdir -p "$VM/out/$1/debug"
	for source in debug/Kbuild debug/*.c; do
		ln -sf "/src/tests/vm/rig/$source" "$VM/out/$1/debug/"
	done
	# No program looks at their BTF, which takes longer to make than they.
	in_root make --no-print-directory -C "$kdir" M="/out/$1/debug" CONFIG_DEBUG_INFO_BTF_MODULES= modules >&2
}

for kernel; do
	say "building modules for $kernel"
	modules "$kernel" kmod
	# Kernels up to 6.14 distill the base BTF through the first variable, later ones through the second.
	modules "$kernel" kmod-plain-btf MODULE_PAHOLE_FLAGS= RESOLVE_BTFIDS_FLAGS=
	debug_modules "$kernel"
	has_section "$kernel/kmod/kplug.ko" .BTF.base || die "$kernel/kmod/kplug.ko has no base-relative BTF"
	! has_section "$kernel/kmod-plain-btf/kplug.ko" .BTF.base || die "$kernel/kmod-plain-btf/kplug.ko is not plain"
done
