#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks the algorithms of bpf/kplug_sync.h with spin, in all interleavings, on a TSO memory. Each model is also checked with
# each of its faults built in, which spin must find: so a model that sees nothing fails.
set -uo pipefail

# shellcheck source=tests/vm/rig/tap.sh
. "${0%/*}/../vm/rig/tap.sh"
models=$(cd "${0%/*}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$models"/*.pml "$work" # spin writes where it runs

# check MODEL [FLAG...]: what pan says of it. With -DKILL it looks for runs without progress, which all others may share in.
check()
{
	local model=$1 kind=-DSAFETY options=()
	shift
	[[ " $* " != *" -DKILL "* ]] || kind='-DNP -DNFAIR=3' options=(-l -f)
	(
		# shellcheck disable=SC2086 # words
		cd "$work" && rm -f pan* && spin "$@" -a "$model.pml" &&
			gcc -O1 -w $kind -DCOLLAPSE -DMEMLIM=1000 -o pan pan.c && ./pan "${options[@]}" -m1000000
	) 2>&1
}

# holds TEXT MODEL [FLAG...]: the whole state space was searched, and nothing is wrong in it
holds()
{
	local text=$1 out
	shift
	out=$(check "$@")
	if grep -q 'errors: 0' <<<"$out" && ! grep -Eq 'max search depth too small|not completed|error:' <<<"$out"; then
		ok "$text ($(awk '/states, stored/ { print $1 }' <<<"$out") states)"
	else
		notok "$text" "$out"
	fi
}

# finds MODEL FLAG...: with this fault built in, something is wrong
finds()
{
	local out
	out=$(check "$@")
	if grep -Eq 'errors: [1-9]' <<<"$out"; then ok "$*: found out"; else notok "$*: not found out" "$out"; fi
}

# finds_all MODEL [FLAG...]: each fault that the model's line "With FLAGS these must be found out:" tells
finds_all()
{
	local model=$1 when=These faults fault
	shift
	[ $# = 0 ] || when="With $* these"
	faults=$(sed -n "s/^ \* $when must be found out: //p" "$models/$model.pml" | tr -d ,)
	[ -n "$faults" ] || notok "$model.pml has no line '$when must be found out:'"
	for fault in $faults; do
		finds "$model" "$@" "$fault"
	done
}

holds 'ring: nothing lost, torn or out of order, no wake-up lost' ring
finds_all ring
holds 'sequence lock: snapshots are whole' seqlock
finds_all seqlock
holds 'queue, two readers: nothing lost, torn or twice' queue -DREADERS=2 -DEACH=1
finds_all queue -DREADERS=2 -DEACH=1
holds 'queue, one reader: nothing lost, torn, twice or out of order' queue -DREADERS=1 -DEACH=2
finds_all queue -DREADERS=1 -DEACH=2
holds 'queue: a writer that dies stops nobody' queue -DREADERS=1 -DEACH=1 -DKILL
finds_all queue -DREADERS=1 -DEACH=1 -DKILL
plan
