#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The rig's front door; see usage.
set -euo pipefail

usage()
{
	cat <<-'END'
	usage: run.sh [--kernel PREFIX] [--machine NAME] [--case GLOB]   the cases, on all kernels and machines
	       run.sh --all [...]   with all repetitions, and also where they show nothing more; --case runs them like that, too
	       run.sh [--kernel PREFIX] [--machine NAME] --exec 'COMMANDS' | --demo | --bench | --shell
	       run.sh --debug [--machine NAME] [--case GLOB]   all cases on the debug kernel, which is built first
	       run.sh --coverage [...]   the same on a debug kernel without watchers: which lines are run
	       run.sh --check   static checks
	       run.sh --fuzz    the parsers under libFuzzer
	       --no-build: with what the last run has built
	machines: msi intx iommu bounce rt lockdown, and with --all or on request selinux and kexec; several as one word: "msi intx"
	environment: JOBS (guests at a time; as many as there are CPUs and memory for), O (build folder), V=1, KPLUG_CACHE,
	KPLUG_MIRROR, KPLUG_SCALE (how much longer stress tests run, 1), KPLUG_SECONDS, KPLUG_CALLS and KPLUG_SEED (of random
	tests), KPLUG_SWAPS (of swap_stress, 10000), KPLUG_KILLS (of users_killed, 100, and killed_in_transfer, 500),
	KPLUG_RELOADS (of module_reload, 100, and trace, 20), KPLUG_PULLS (of hot_unplug, 200), KPLUG_UNBINDS (of nvme_killed
	and unbound_in_transfer, 200), KPLUG_READS (of each thread of nvme, 5000)
	END
}

kernel='' machine='' case='*' mode=cases all='' debug='' command='' limit=600 build=./build.sh
while [ $# -gt 0 ]; do
	case $1 in
	--kernel | --machine | --case | --exec) [ $# -gt 1 ] || { usage >&2; exit 2; } ;;&
	--kernel) kernel=$2; shift ;;
	--machine) machine=$2; shift ;;
	--case) case=$2; shift ;;
	--exec) mode=exec command=$2; shift ;;
	--check | --fuzz) mode=${1#--} ;;
	--all) all=1 && export KPLUG_ALL=1 ;;
	--debug) debug=1 ;;
	--coverage) debug=1 && export KPLUG_COVERAGE=1 ;;
	--demo) mode=demo command='exec bash /src/tests/vm/rig/demo.sh' ;;
	--bench) mode=bench command='exec bash /src/tests/vm/rig/bench.sh' limit=3600 ;;
	--shell) mode=shell ;;
	--no-build) build=: ;;
	--help) usage; exit ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done

cd "$(dirname "$0")"
. ./lib.sh
. ./count.sh
[ -z "$debug" ] || [ -z "$kernel" ] || die "the debug kernel is always the one that debug/kernel.sh makes, a 6.12: no KERNEL="
# What is asked for by name has all its repetitions; but they reach no further line.
if [ "$case" != '*' ] && [ -z "${KPLUG_QUICK:-}${KPLUG_COVERAGE:-}" ]; then export KPLUG_ALL=1; fi
whole=
if [ "$case" = '*' ] && [ -z "$machine" ]; then whole=1; fi
./host.sh
root=$(./root.sh)
if [ -n "$debug" ]; then
	configs=(kernel.config)
	[ -n "${KPLUG_COVERAGE:-}" ] || configs+=(watchers.config)
	KPLUG_DEBUG=$(./debug/kernel.sh "$root" "${configs[@]}")
	export KPLUG_DEBUG
	kernels=("$(<"$KPLUG_DEBUG/release")")
	machine=${machine:-msi intx iommu bounce selinux lockdown}
else
	mapfile -t kernels < <(kernels_of "$root" "$kernel")
fi
[ ${#kernels[@]} != 0 ] || exit 1
read -ra machines <<<"${machine:-msi iommu intx bounce rt lockdown${all:+ selinux kexec}}"
[ -z "$debug" ] || [[ " ${machines[*]} " != *' kexec '* ]] || die "the debug kernel starts no other: no machine kexec"
# The machine rt runs the same kernels with PREEMPT_RT, the first of them only unless all is to be run.
realtime=()
if [[ " ${machines[*]} " == *' rt '* ]]; then
	[ -z "$debug" ] || die "the debug kernel has no PREEMPT_RT: no machine rt"
	for k in "${kernels[@]}"; do realtime+=("$(rt_of "$k")"); done
	[ -n "${KPLUG_ALL:-}" ] || realtime=("${realtime[0]}")
fi

mkdir -p "$VM/run"
exec 8>"$VM/run/$mode.lock"
flock -n 8 || { say "waiting for another run (O=FOLDER is a build folder of its own)"; flock 8; }
hosts=
# shellcheck disable=SC2046
trap 'kill $(jobs -p) 2>/dev/null || true; [ -z "$hosts" ] || kill -- -"$hosts" 2>/dev/null || true; wait' EXIT

if [[ $mode != @(cases|check|fuzz) ]]; then
	kernel=${kernels[0]} machine=${machine:-msi}
	[ "$machine" != rt ] || kernel=${realtime[0]}
	$build "$root" "$kernel" >&2
	./boot.sh "$root" "$kernel" "$machine" "$mode" - "$command" "$limit"
	if [ "$mode" = bench ]; then
		mkdir -p "$VM/../bench"
		cp "$VM/run/$kernel-$machine-bench/res/results.json" "$VM/../bench/"
	fi
	exit
fi

# on_host NAME COMMAND...: a TAP program that needs no guest
on_host()
{
	local name=$1 out=$VM/$1.tap start=$SECONDS rc=0
	shift
	"$@" >"$out" || rc=$?
	count_tap "$out"
	[ "$rc" = 0 ] || TAP_WRONG=${TAP_WRONG:-exit status $rc}
	if [ -n "$TAP_WRONG" ] && [ "$TAP_FAIL" = 0 ]; then TAP_FAIL=1; fi
	echo "CASE $name $TAP_PASS $TAP_FAIL $TAP_SKIP $(((SECONDS - start) * 10)) $TAP_WRONG" |
		tee "$host/$name" | ./show.sh lines host - "$out"
}

fuzz() { on_host fuzz ./build.sh "$root" --fuzz "${KPLUG_SECONDS:-$((${KPLUG_ALL:-0} ? 5 : 2))}"; }

# All that needs no guest: one after the other, since they share what they build, beside the guests.
host_checks()
{
	on_host check ./build.sh "$root" --check
	on_host rig ./selftest.sh
	on_host unit ./build.sh "$root" --unit
	on_host model ./build.sh "$root" --model
	on_host install ./build.sh "$root" --install
	fuzz
}

# total NAME...: of the host checks and the guests of these names
total()
{
	local name word p f s why pass=0 fail=0 skip=0
	for name; do
		word='' p=''
		if [ -s "$host/$name" ]; then
			count_lines "$host/$name"
			p=$LINES_PASS f=$LINES_FAIL s=$LINES_SKIP why=''
		else
			read -r word p f s why 2>/dev/null <"$VM/run/$name-cases/verdict" || true
			[ "$word" = VERDICT ] || p=0 f=1 s=0 why='no verdict'
		fi
		pass=$((pass + ${p#pass=})) fail=$((fail + ${f#fail=})) skip=$((skip + ${s#skip=}))
		[ -z "$why" ] || echo "$name: $why"
	done
	if [ "$mode" = cases ] && [ -s "$VM/run/again" ]; then
		echo "booted again, $(wc -l <"$VM/run/again") times:"
		sed 's/^/  /' "$VM/run/again"
	fi
	# A run in which nothing ran has not passed.
	if [ $((pass + fail)) = 0 ]; then
		echo "no test was run"
		fail=1
	fi
	echo "$pass passed, $fail failed, $skip skipped"
	[ "$fail" = 0 ]
}

host=$VM/run/host.$mode # the results of host checks
rm -rf "$host"
mkdir -p "$host"
case $mode in
check) on_host check ./build.sh "$root" --check ;;&
fuzz) $build "$root"; fuzz; grep '^# ' "$VM/fuzz.tap" ;;&
check | fuzz) total "$mode"; exit ;;
esac

# slot: waits until another may run
slot() { while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done; }

jobs=${JOBS:-$(jobs_by_default)}
$build "$root" "${kernels[@]}" "${realtime[@]}"
rm -rf "$VM"/run/*-cases "$VM/run/again"
find "$VM/out" -name '*.gcda' -delete
names=()
if [ "$case" = '*' ] && [ -z "$debug" ]; then
	names=(check rig unit model install fuzz)
	set -m # a process group of its own, to be killed as one
	host_checks &
	hosts=$!
	set +m
fi
# The machines with the most cases are first: what is left at the end is short.
for m in "${machines[@]}"; do
	of_machine=("${kernels[@]}")
	[ "$m" != rt ] || of_machine=("${realtime[@]}")
	for ((i = 0; i < ${#of_machine[@]}; i++)); do
		slot
		KPLUG_FIRST=$((i + 1))/${#of_machine[@]} ./boot.sh "$root" "${of_machine[i]}" "$m" cases "$case" - 0 &
		names+=("${of_machine[i]}-$m")
	done
done
wait

if [ -n "${KPLUG_COVERAGE:-}" ]; then
	on_host unit ./build.sh "$root" --unit
	on_host coverage ./in-root.sh "$root" bash /src/tests/vm/rig/debug/coverage.sh ${whole:+kmod/=95 lib/=90}
	names+=(unit coverage)
	grep '^# ' "$VM/coverage.tap" | cut -c3-
	say "the lines that were not run for no known reason: $VM/out/uncovered"
fi
total "${names[@]}"
