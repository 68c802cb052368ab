#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the benchmarks in the guest, shows them, and leaves /res/results.json. Pairs are measured in turn, in one run.
set -euo pipefail

. "${0%/*}/modules.sh"
load_modules "$KPLUG_KMOD"
modprobe uio_pci_generic
edu=${KPLUG_EDU%% *}
kplug soft create bench --vectors 1
cd "$KPLUG_BENCH"
{
	echo '['
	./map_bandwidth bench
	echo ','
	./call_vs_null bench
	echo ','
	./irq_vs_uio "$edu"
	echo ','
	./swap
	echo ']'
} >/res/results.json
kplug soft delete bench

printf '%-26s %14s %-14s %-22s %14s %8s %5s %7s\n' name value unit against against_value ratio runs spread
# One object a line, keys in a fixed order (tests/bench/bench.c).
sed -n 's/^{"name":"\([^"]*\)","value":\([^,]*\),"unit":"\([^"]*\)","against":"\([^"]*\)","against_value":\([^,]*\),"ratio":\([^,]*\),"runs":\([^,]*\),"spread":\([^}]*\)}.*/\1|\2|\3|\4|\5|\6|\7|\8/p' /res/results.json |
	while IFS='|' read -r name value unit against other ratio runs spread; do
		printf '%-26s %14s %-14s %-22s %14s %8s %5s %7s\n' "$name" "$value" "$unit" "$against" "$other" "$ratio" "$runs" "$spread"
	done
