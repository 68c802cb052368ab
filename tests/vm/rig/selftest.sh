#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The counting of the rig, tried on sample outputs; and that the headers of the cases say what guest.sh understands.
set -euo pipefail

cd "$(dirname "$0")"
. ./count.sh
. ./tap.sh

sample=$(mktemp)
earlier=$(mktemp)
trap 'rm -f "$sample" "$earlier"' EXIT

# counts OUTPUT "PASS FAIL SKIP WRONG" TEXT
counts()
{
	printf '%b' "$1" >"$sample"
	count_tap "$sample"
	is "$TAP_PASS $TAP_FAIL $TAP_SKIP $TAP_WRONG" "$2" "$3"
}

counts '' '0 0 0 no test was run' 'nothing printed'
counts 'hello\n' '0 0 0 no test was run' 'no TAP'
counts '1..0\n' '0 0 0 no test was run' 'an empty plan'
counts 'ok 1 - a\n1..1\n' '1 0 0 ' 'one test'
counts 'TAP version 13\n1..3\nok 1 - a\nok 2 # SKIP b\nok 3 - c\n# ok - group\n' '2 0 1 ' "cmocka's output with a skip"
counts '1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - c\n' '3 0 0 ' 'two groups of cmocka'
counts 'ok 1 - a\nnot ok 2 - b\n1..2\n' '1 1 0 tests failed' 'a failure'
counts 'ok 1 - a\nok 2 - b\n' '2 0 0 no plan' 'ended before its plan'
counts '1..3\nok 1 - a\n' '1 0 0 3 tests planned, 1 run' 'crashed on the way'
counts '1..1\nok 1 - a\nok 2 - b\n' '2 0 0 1 tests planned, 2 run' 'more than planned'
counts 'ok 1 - a\nBail out! b\n1..1\n' '1 1 0 tests failed' 'bailed out'

# verdict EARLIER LINES WHY WANTED TEXT: EARLIER: what the guest has reported before it was booted again
verdict()
{
	printf '%b' "$1" >"$earlier"
	printf '%b' "$2" >"$sample"
	is "$(count_guest "$earlier" "$sample" "$3")" "VERDICT $4" "$5"
}

two='CASES 3\nBEGIN a 120\nCASE a 5 0 1 42 \nBEGIN b 120\nCASE b 7 0 0 3 \n'
verdict '' "${two}VERDICT pass=12 fail=0 skip=1\n" '' 'pass=12 fail=0 skip=1' 'a guest'
verdict '' "${two}BEGIN c 120\n" 'a splat' 'pass=12 fail=1 skip=1 a splat' 'a splat: what had passed before counts'
verdict '' "${two}CASE c 1 2 0 9 tests failed\n" 'a hang' 'pass=13 fail=3 skip=1 a hang' '... and what had failed'
verdict '' '' 'no boot' 'pass=0 fail=1 skip=0 no boot' 'a guest that reports nothing'
verdict "$two" 'CASES 1\nCASE c 3 0 0 9 \nVERDICT pass=3 fail=0 skip=0\n' '' 'pass=15 fail=0 skip=1' 'booted again'
verdict "${two}CASE c 3 1 0 9 busy\nLEFT c\nVERDICT pass=15 fail=1 skip=1\n" \
	'CASE d 2 0 0 9 \nVERDICT pass=2 fail=0 skip=0\n' '' \
	'pass=17 fail=1 skip=1' '... after a case that left the modules busy, which fails alone'
verdict '' "${two}VERDICT pass=13 fail=0 skip=1\n" '' \
	'pass=12 fail=1 skip=1 the guest has counted otherwise: VERDICT pass=13 fail=0 skip=1' 'a line is lost'

# limits ROWS STATUS WANTED TEXT
limits()
{
	local out rc=0
	out=$(printf '%b' "$1" | coverage_limits kmod/=95 lib/=90) || rc=$?
	is "$rc $(grep -c '^ok ' <<<"$out") of $(sed -n 's/^1\.\.//p' <<<"$out")" "$2" "$3"
}

limits 'kmod/a.c\t0\t9\nkmod/\t95\t100\nlib/\t900\t1000\ncli/\t0\t5\n' '0 2 of 2' 'coverage at its limits'
limits 'kmod/\t949\t1000\nlib/\t1000\t1000\n' '1 1 of 2' 'modules below theirs'
limits 'kmod/\t1000\t1000\nlib/\t8999\t10000\n' '1 1 of 2' 'the library below its own'
limits 'kmod/\t10\t10\nlib/\t0\t0\n' '1 1 of 2' 'no line of a room'
limits 'kmod/\t10\t10\n' '1 1 of 2' 'a room that is not there'
limits '' '1 0 of 2' 'nothing'

like "$(make -sC ../../.. help 2>&1)" 'make shell .*$' 'make help comes to its end'

machines='( (msi|intx|iommu|bounce|rt|selinux|lockdown|kexec))+'
variables='KPLUG_(SCALE|SWAPS|KILLS|RELOADS|PULLS|UNBINDS|READS|CALLS|SECONDS|ONE_KIND|ONE_DEVICE)'
headers=$(grep -hE '^(#|/\*) (machine|also|kernel|order|quick|timeout):' ../cases/*/*.{c,sh})
isnt "$headers" '' 'cases have headers'
is "$(grep -vE "^(#|/\*) ((machine|also):$machines|kernel: (debug|one)|order: first|quick: $variables=[0-9.]+|timeout: [0-9]+)( \*/)?$" \
	<<<"$headers")" '' '... that the guest understands'
plan
