#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# fuzz.sh SECONDS: each libFuzzer harness for so long, with the sanitizers, as TAP. Runs in the build root. What a run learns
# stays in /out/fuzz/corpus for the next one.
set -uo pipefail

cd /src || exit
. tests/vm/rig/tap.sh
out=/out/fuzz
runs 'the harnesses build' make -j"$(nproc)" O=/out/user DEV=1 fuzzers
runs 'the seeds' bash tests/fuzz/seeds.sh $out/seeds

for harness in tests/fuzz/fuzz_*.c; do
	name=$(basename "$harness" .c)
	corpus=$out/corpus/${name#fuzz_}
	mkdir -p "$corpus" $out/found
	log=$(ASAN_OPTIONS=detect_leaks=1 timeout $(($1 + 120)) "/out/user/fuzz/$name" -max_total_time="$1" -timeout=25 -max_len=65536 \
		-rss_limit_mb=4096 -print_final_stats=1 -artifact_prefix="$out/found/$name-" "$corpus" "$out/seeds/${name#fuzz_}" 2>&1)
	rc=$?
	inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' <<<"$log")
	cover=$(grep -Eo 'cov: [0-9]+ ft: [0-9]+ corp: [0-9]+' <<<"$log" | tail -n 1)
	if [ "$rc" = 0 ] && [ "${inputs:-0}" -gt 0 ]; then
		ok "$name"
	else
		notok "$name: see $out/found" "exit status $rc" "$(tail -n 40 <<<"$log")"
	fi
	echo "# $name: ${inputs:-no} inputs in $1 s, $cover"
done
plan
