#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# seeds.sh FOLDER: makes the first corpus of each fuzzer from what the tree has; inputs that found something are added here.
set -euo pipefail

cd "$(dirname "$0")/../.."
mkdir -p "$1"/{plugin,text,cli}
cp /out/user/bpf/*.bpf.o /out/user/tests/vm/cli_*.bpf.o "$1/plugin/"
# One input a command: its name and the words of its synopsis.
n=0
grep -Eo '^	\{ "[a-z ]+"' cli/commands.c | sed 's/.*"\(.*\)"/\1/' | while read -r command; do
	n=$((n + 1))
	for rest in "" "soft0 dma 0x1000 --json" "soft0 1 2 3 --width 64" "soft0 --help" "soft0 dma --byte 3 --length 1K"; do
		# shellcheck disable=SC2086 # words
		printf '%s\n' $command $rest | head -c -1 >"$1/cli/$n-${#rest}"
	done
done
printf '%s' 'func#0 @0
0: R1=ctx() R10=fp0
; u32 x = ev->vector; @ a.c:3
0: (61) r1 = *(u32 *)(r1 +0)
invalid mem access
processed 1 insns' >"$1/text/log"
printf '0x8086\n' >"$1/text/id"
printf '64K' >"$1/text/size"
printf '%b' 'a\tb\033[2J"' >"$1/text/name"
