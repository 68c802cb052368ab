#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The rig's front door; see usage.
set -euo pipefail

usage()
{
	cat <<-'END'
	usage: run.sh [--kernel PREFIX] [--machine NAME] [--case GLOB]   all cases, on all kernels and machines
	       run.sh [--kernel PREFIX] [--machine NAME] --exec 'COMMANDS' | --demo | --bench | --shell
	       run.sh --debug [--machine NAME] [--case GLOB]   all cases on the debug kernel, which is built first
	       run.sh --coverage [...]   the same without the debug kernel's watchers: which lines are run
	       run.sh --check   static checks
	       run.sh --fuzz    the parsers under libFuzzer
	       --no-build: with what the last run has built
	machines: msi intx iommu bounce, and on request selinux lockdown; several as one word: "msi intx"
	environment: JOBS (guests at a time, 1), KPLUG_SCALE (how much longer stress tests run, 1), KPLUG_SECONDS, KPLUG_CALLS and
	KPLUG_SEED (of random tests), KPLUG_SWAPS (of swap_stress, 10000), KPLUG_KILLS (of users_killed, 100), O (build folder), V=1, KPLUG_CACHE, KPLUG_MIRROR
	END
}

kernel='' machine='' case='*' mode=cases debug='' command='' limit=600 build=./build.sh
while [ $# -gt 0 ]; do
	case $1 in
	--kernel | --machine | --case | --exec) [ $# -gt 1 ] || { usage >&2; exit 2; } ;;&
	--kernel) kernel=$2; shift ;;
	--machine) machine=$2; shift ;;
	--case) case=$2; shift ;;
	--exec) mode=exec command=$2; shift ;;
	--check | --fuzz) mode=${1#--} ;;
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
./host.sh
root=$(./root.sh)
if [ -n "$debug" ]; then
	KPLUG_DEBUG=$(./debug/kernel.sh "$root")
	export KPLUG_DEBUG
	kernels=("$(<"$KPLUG_DEBUG/release")")
	machine=${machine:-msi intx iommu bounce selinux lockdown}
else
	mapfile -t kernels < <(kernels_of "$root" "$kernel")
fi
[ ${#kernels[@]} != 0 ] || exit 1
read -ra machines <<<"${machine:-msi intx iommu bounce}"

mkdir -p "$VM/run"
exec 8>"$VM/run/$mode.lock"
flock -n 8 || { say "waiting for another run (O=FOLDER is a build folder of its own)"; flock 8; }
# shellcheck disable=SC2046
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT

if [[ $mode != @(cases|check|fuzz) ]]; then
	kernel=${kernels[0]} machine=${machine:-msi}
	$build "$root" "$kernel" >&2
	./boot.sh "$root" "$kernel" "$machine" "$mode" - "$command" "$limit"
	if [ "$mode" = bench ]; then
		mkdir -p "$VM/../bench"
		cp "$VM/run/$kernel-$machine-bench/res/results.json" "$VM/../bench/"
	fi
	exit
fi

pass=0 fail=0 skip=0
add() { pass=$((pass + $1)) fail=$((fail + $2)) skip=$((skip + $3)); }

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
		./show.sh lines host - "$out"
	add "$TAP_PASS" "$TAP_FAIL" "$TAP_SKIP"
}

total()
{
	# A run in which nothing ran has not passed.
	if [ $((pass + fail)) = 0 ]; then
		echo "no test was run"
		fail=1
	fi
	echo "$pass passed, $fail failed, $skip skipped"
	[ "$fail" = 0 ]
}

fuzz() { on_host fuzz ./build.sh "$root" --fuzz "${KPLUG_SECONDS:-5}"; }

case $mode in
check) on_host check ./build.sh "$root" --check ;;&
fuzz) $build "$root"; fuzz; grep '^# ' "$VM/fuzz.tap" ;;&
check | fuzz) total; exit ;;
esac

$build "$root" "${kernels[@]}"
if [ "$case" = '*' ] && [ -z "$debug" ]; then
	on_host check ./build.sh "$root" --check
	on_host rig ./selftest.sh
	on_host unit ./build.sh "$root" --unit
	on_host model ./build.sh "$root" --model
	on_host install ./build.sh "$root" --install
	fuzz
fi

rm -rf "$VM"/run/*-cases
find "$VM/out" -name '*.gcda' -delete
for k in "${kernels[@]}"; do
	for m in "${machines[@]}"; do
		while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-1}" ]; do wait -n || true; done
		./boot.sh "$root" "$k" "$m" cases "$case" - 0 &
	done
done
wait

for k in "${kernels[@]}"; do
	for m in "${machines[@]}"; do
		word='' p=0 f=1 s=0
		read -r word p f s <"$VM/run/$k-$m-cases/verdict" || true
		if [ "$word" = VERDICT ]; then
			add "${p#pass=}" "${f#fail=}" "${s#skip=}"
		else
			add 0 1 0
		fi
	done
done
if [ -n "${KPLUG_COVERAGE:-}" ]; then
	on_host unit ./build.sh "$root" --unit
	./in-root.sh "$root" bash /src/tests/vm/rig/debug/coverage.sh
	say "the lines that were not run for no known reason: $VM/out/uncovered"
fi
total
