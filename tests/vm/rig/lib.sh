# SPDX-License-Identifier: GPL-2.0-only
# What the host-side scripts of the rig share. Sourced with tests/vm/rig as the working directory.
# shellcheck shell=bash

TOP=$(cd ../../.. && pwd)
VM=${O:-$TOP/build}/vm
case $VM in /*) ;; *) VM=$TOP/$VM ;; esac
export TOP VM

HOST_PACKAGES=(make mmdebstrap debian-archive-keyring cpio xz-utils util-linux)

# Progress goes to stderr, results to stdout.
say() { printf '[%3d s] %s\n' "$SECONDS" "$*" >&2; }
die() { echo "${0##*/}: $*" >&2; exit 1; }

need_root()
{
	[ "$(id -u)" = 0 ] && return
	die "needs root (mounts, chroot, package installation). Run:
  sudo apt-get install --no-install-recommends ${HOST_PACKAGES[*]}
  sudo make test"
}

cache_dir() { echo "${KPLUG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kplug}"; }

debian_mirror()
{
	# shellcheck disable=SC2016 # apt's own variable
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		grep '/debian/$' | head -n 1
}

# kernels_of ROOT [PREFIX]: the versions in ROOT, oldest first; not those with PREEMPT_RT
kernels_of()
{
	local found
	found=$(find "$1/lib/modules" -mindepth 1 -maxdepth 1 -name "${2:-}*" ! -name '*-rt-*' -printf '%f\n' | sort -V)
	[ -n "$found" ] || die "no kernel '$2' in $1/lib/modules"
	echo "$found"
}

# rt_of VERSION: the same with PREEMPT_RT, which the machine "rt" runs
rt_of() { echo "${1%-*}-rt-${1##*-}"; }

# is_debug VERSION: whether that is the kernel of debug/kernel.sh
is_debug() { [[ $1 == *-kplug-debug ]]; }

# jobs_by_default: how many guests at a time: one for each CPU, if there is memory for it
jobs_by_default()
{
	local cpus memory
	cpus=$(nproc)
	memory=$(awk '$1 == "MemAvailable:" { print int($2 / (2560 * 1024)) }' /proc/meminfo)
	[ "$memory" -ge "$cpus" ] || cpus=$memory
	echo $((cpus ? cpus : 1))
}
