#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# show.sh live FILE PID                       copies what a guest's script prints, while the guest lives
# show.sh lines KERNEL MACHINE OUT [FILE PID]  one line a case, from the report lines on stdin or from FILE
# OUT is the output of the case, or the folder with the outputs of all.
set -euo pipefail

follow() { tail -n +1 -s 0.1 -f --pid="$2" "$1"; }

if [ "$1" = live ]; then
	follow "$2" "$3"
	exit
fi

kernel=$2 machine=$3 out=$4
if [ $# -gt 4 ]; then exec < <(follow "$5" "$6"); fi

while read -r word name pass fail skip tenths why; do
	[ "$word" = CASE ] || continue
	line=$(printf '%-5s %-7s %-24s %4d ok' "$kernel" "$machine" "$name" "$pass")
	[ "$skip" = 0 ] || line+=", $skip skipped"
	[ "$fail" = 0 ] || line+=", $fail FAILED"
	printf '%s  %d.%d s  %s\n' "$line" $((tenths / 10)) $((tenths % 10)) "$why"
	file=$out
	[ ! -d "$out" ] || file=$out/$name.out
	if [ "$fail" != 0 ]; then
		{ head -n -40 "$file" | grep -aE "^not ok " | head -n 20 || true; tail -n 40 "$file"; } | sed 's/^/      /'
	elif [ "$skip" != 0 ]; then
		grep -aiE '# skip' "$file" | sed 's/^/      /' || true
	fi
done
