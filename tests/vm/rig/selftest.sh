#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The counting of the rig, tried on sample outputs.
set -euo pipefail

cd "$(dirname "$0")"
. ./count.sh
. ./tap.sh

sample=$(mktemp)
trap 'rm -f "$sample"' EXIT

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
plan
