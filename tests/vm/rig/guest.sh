#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in the guest: the cases, or one script, as /res/job says; ends with the verdict on the second serial line.
# Starting a program takes 30 to 80 ms in an emulated guest: hence builtins, and busybox, which is static.
set -u

# shellcheck source=/dev/null
. /res/job
. "${0%/*}/count.sh"
. "${0%/*}/modules.sh"

V=$(</proc/sys/kernel/osrelease)
export PATH=/out/user/cli:/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 TMPDIR=/tmp CMOCKA_MESSAGE_OUTPUT=TAP
export KPLUG_SCALE=$SCALE KPLUG_KERNEL=$V KPLUG_MACHINE=$MACHINE KPLUG_SRC=/src KPLUG_BPF=/out/user/bpf KPLUG_TEST=/out/user/tests/vm
export KPLUG_KMOD=/out/$V/kmod KPLUG_KMOD_PLAIN=/out/$V/kmod-plain-btf KPLUG_BENCH=/out/user/tests/bench KPLUG_EDU=
[ -z "$COVERAGE" ] || export GCOV_PREFIX=/tmp/gcov
export SLOWER=1
debug='' watched=''
# shellcheck source=tests/vm/rig/debug/watch.sh
if [[ $V == *-kplug-debug ]]; then . /src/tests/vm/rig/debug/watch.sh && debug=1; fi
# The kernel for coverage has none: see debug/watchers.config.
[ -n "$COVERAGE" ] || watched=$debug
for d in /sys/bus/pci/devices/*; do
	[ "$(<"$d/vendor") $(<"$d/device")" != "0x1234 0x11e8" ] || KPLUG_EDU+="${KPLUG_EDU:+ }${d##*/}"
done

longer=${SCALE%%.*} # the time limits; a fraction does not shorten them
[ "${longer:-0}" != 0 ] || longer=1
export KPLUG_SECONDS KPLUG_CALLS KPLUG_SEED # of random tests, see lib/chance.h
export KPLUG_SWAPS KPLUG_KILLS KPLUG_RELOADS KPLUG_PULLS KPLUG_UNBINDS KPLUG_READS # the cases that read them say what they are

exec 3>/dev/ttyS1
busybox stty -F /dev/ttyS1 -opost -echo
report() { echo "$*" >&3; }

# The two lines that any module from outside of the kernel's tree brings, and one that tells of a slow host.
expected='loading out-of-tree module taints kernel|module verification failed: signature and/or required key missing|sched: DL replenish lagged too much'
expected+='|hrtimer: interrupt took'
messages() { dmesg -t -l emerg,alert,crit,err,warn | busybox grep -Ev "$expected"; }

# header WORD: what the lines "# WORD: ..." or "/* WORD: ... */" of the case say, a line each
header()
{
	local line re="^(#|/\\*) $1: *(.*[^ ])"
	for line in "${head[@]}"; do
		[[ ${line% \*/} =~ $re ]] && echo "${BASH_REMATCH[2]}"
	done
}

# wanted NAME: whether the case, with the top of its source in head, runs in this guest:
#   machine: where it runs (msi)
#   also:    where it runs besides, when all is to be run: what it shows there, it shows on the machines above
#   kernel:  debug: on that one only; one: on one of the kernels, unless all is to be run. The length of the name says
#            on which, so that they share the work; FIRST is "1/2" on the first of two
wanted()
{
	local kernel machines
	kernel=$(header kernel)
	machines=$(header machine)
	[ -n "$debug" ] || [ "$kernel" != debug ] || return
	[ "$kernel" != one ] || [ -n "$ALL" ] || [ $((${#1} % ${FIRST#*/} + 1)) = "${FIRST%/*}" ] || return
	[ -z "$ALL" ] || machines="${machines:-msi} $(header also)"
	case " ${machines:-msi} " in
	*" $MACHINE "*) ;;
	# Where a policy could stand between a map and its users.
	*' msi '*) [[ $MACHINE = selinux && $1 == @(attach|buffer*|map*) ]] ;;
	*) false ;;
	esac
}

# quick: sets vars to what the lines "quick: VARIABLE=VALUE" say, unless all is to be run or the variable is given
quick()
{
	local line name
	vars=()
	[ -z "$ALL" ] || return
	while read -r line; do
		name=${line%%=*}
		[ -n "${!name:-}" ] || vars+=("$line")
	done < <(header quick)
}

# let_go: takes away what a case has left and what may keep the modules busy: pins, and processes. Not the rig's own, and not
# the kernel's threads, which have no executable.
let_go()
{
	local pid
	rm -rf /sys/fs/bpf/*
	for pid in /proc/[0-9]*; do
		pid=${pid#/proc/}
		if [ "$pid" != 1 ] && [ "$pid" != $$ ] && [ -n "$(busybox readlink "/proc/$pid/exe")" ]; then
			kill -KILL "$pid"
		fi
	done
} 2>/dev/null

since='' watches=0
# On the debug kernel, after a case: what the watchers say, into the case's own messages. kmemleak takes ten seconds, so of
# many cases it looks after each fourth, and at the end: what has leaked before, it finds then.
watch_case()
{
	local seen leaked=''
	since+=" $name"
	seen=$(blind)
	if [ "$CASE" != '*' ] || [ $((++watches % 4)) = 0 ]; then
		leaked=$(leaks)
		seen+=${leaked:+leaked in one of:$since$'\n'$leaked}
		since=''
	fi
	[ -z "$seen" ] || why="${why:-${seen%%$'\n'*}}"
	[ -z "$seen" ] || echo "# watchers: ${seen//$'\n'/$'\n'# }" >>"$out"
}

# run_case NAME PROGRAM, with the top of its source in head; fails if the modules stay busy whatever is done
run_case()
{
	local name=$1 program=$2 out=/tmp/case.out start=$EPOCHREALTIME limit rc why='' left allowed kmsg busy='' vars
	limit=$(header timeout)
	limit=$(((${limit:-120} * longer + ${KPLUG_CALLS:-0} / 100) * SLOWER + ${KPLUG_SECONDS:-0}))
	quick
	report "BEGIN $name $limit"
	dmesg --clear
	if load_modules "$KPLUG_KMOD" >"$out" 2>&1; then
		(
			cd /tmp || exit
			[ ${#vars[@]} = 0 ] || export "${vars[@]}"
			exec timeout -k 5 "$limit" "$program" </dev/null >"$out" 2>&1
		)
		rc=$?
	else
		rc=1
		why="modules do not load"
	fi
	if ! left=$(until_unloaded 20); then
		why="${why:-module still busy: $left}"
		let_go
		until_unloaded 5 >/dev/null || busy=1
	fi

	[ -z "$watched" ] || watch_case
	allowed=$({ header kmsg; busybox sed -n 's/^# kmsg: //p' "$out"; } | busybox paste -sd'|')
	kmsg=$(messages)
	if [ -n "$kmsg" ] && [ -n "$allowed" ]; then
		kmsg=$(grep -Ev "$allowed" <<<"$kmsg")
	fi
	case $rc in
	0) ;;
	124 | 137) why="${why:-no end after $limit s}" ;;
	*) why="${why:-exit status $rc}" ;;
	esac
	[ -z "$kmsg" ] || why="${why:-kernel messages}"
	conclude "$name" "$start" "$why"
	[ -z "$busy" ]
}

# conclude NAME START WHY: counts and reports the case whose output is in $out and whose kernel messages in $kmsg; WHY: what
# no test line tells of
conclude()
{
	local why=$3
	count_tap "$out"
	why=${why:-$TAP_WRONG}
	if [ -n "$why" ] && [ "$TAP_FAIL" = 0 ]; then TAP_FAIL=1; fi

	{ echo "$(<"$out")"; [ -z "$kmsg" ] || echo "kernel: ${kmsg//$'\n'/$'\n'kernel: }"; } >"/res/$1.out"
	pass=$((pass + TAP_PASS)) fail=$((fail + TAP_FAIL)) skip=$((skip + TAP_SKIP))
	report "CASE $1 $TAP_PASS $TAP_FAIL $TAP_SKIP $(((${EPOCHREALTIME/./} - ${2/./}) / 100000)) ${why//$'\n'/ }"
}

# The debug kernel's last case.
watchers()
{
	local out=/tmp/case.out kmsg='' start=$EPOCHREALTIME
	report "BEGIN watchers 120"
	(watch_end) >"$out" 2>&1
	conclude watchers "$start" ''
}

# What programs and modules have counted, under the names of the files that are to be beside the compiler's notes.
collect_coverage()
{
	local file
	cp -r /tmp/gcov /res/
	cd /sys/kernel/debug/gcov || return
	while read -r file; do
		mkdir -p "/res/gcov/${file%/*}"
		cat "$file" >"/res/gcov/$file" || rm "/res/gcov/$file" # kept from us by a lockdown
	done < <(find out -name '*.gcda')
}

# find_cases: sets cases to the sources of those that run in this guest, in their order
find_cases()
{
	local source sources early name head seen=$AFTER
	# Those that want much memory in one piece are first: whatever runs in a guest leaves pages that cannot be moved.
	# By name, scripts first: a case that moves to another room keeps its place.
	mapfile -t sources < <(for kind in sh c; do printf '%s\n' /src/tests/vm/cases/*/*."$kind" | sort -t/ -k7; done)
	early='^/\* order: first \*/$'
	mapfile -t sources < <(grep -le "$early" "${sources[@]}"; grep -Le "$early" "${sources[@]}")
	for source in "${sources[@]}"; do
		name=${source##*/}
		name=${name%.*}
		# shellcheck disable=SC2053 # a pattern
		[[ $name == $CASE && -e $source ]] || continue
		mapfile -t -n 50 head <"$source"
		wanted "$name" || continue
		# A guest that is booted again goes on after this one.
		if [ -z "$seen" ]; then cases+=("$source"); fi
		[ "$name" != "$seen" ] || seen=''
	done
}

run_cases()
{
	local program source cases=() name head pass=0 fail=0 skip=0
	[ -z "$watched" ] || watch_begin
	find_cases
	report "CASES ${#cases[@]}"
	for source in "${cases[@]}"; do
		name=${source##*/}
		name=${name%.*}
		mapfile -t -n 50 head <"$source"
		program=$source
		[ "${source##*.}" = sh ] || program=$KPLUG_TEST/$name
		# No later case could load the modules: boot.sh boots again for them.
		run_case "$name" "$program" || { report "LEFT $name" && watched='' && break; }
	done
	[ -z "$watched" ] || watchers
	[ -z "$COVERAGE" ] || collect_coverage
	report "VERDICT pass=$pass fail=$fail skip=$skip"
}

# A script whose output is shown live. Its terminal makes C programs write line by line.
run_script()
{
	local fail=0 kmsg
	# shellcheck disable=SC2153 # set in /res/job
	report "BEGIN $MODE $LIMIT"
	busybox stty -F /dev/hvc0 -opost -echo
	dmesg --clear
	timeout -k 5 "$LIMIT" bash -c "$COMMAND" <>/dev/hvc0 >&0 2>&1 || fail=1
	kmsg=$(messages)
	[ -z "$kmsg" ] || echo "kernel: ${kmsg//$'\n'/$'\n'kernel: }" >/dev/hvc0
	report "VERDICT pass=$((1 - fail)) fail=$fail skip=0"
}

if [ "$MACHINE" = selinux ]; then
	busybox mount -t selinuxfs selinuxfs /sys/fs/selinux
	busybox cat /out/user/selinux.policy >/sys/fs/selinux/load
fi

case $MODE in
cases) run_cases ;;
shell) setsid -c bash <>/dev/hvc0 >&0 2>&1; report "VERDICT pass=0 fail=0 skip=0" ;;
*) run_script ;;
esac
