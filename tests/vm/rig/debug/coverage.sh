#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# coverage.sh [ROOM/=PERCENT...]: runs in the root after the cases of run.sh --coverage: merges what the guests
# (/srv/*/res/gcov) and the unit tests (/out/user/unit) have counted, prints a table of lines per file, and leaves in
# /out/uncovered the lines of modules and library that were not run, but for those that ./unrun gives a reason for. As TAP:
# a room below its limit fails.
set -euo pipefail

. /src/tests/vm/rig/count.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/sum"
for guest in /srv/*/res/gcov; do
	gcov-tool merge "$work/sum" "$guest" -o "$work/next" >/dev/null
	rm -rf "$work/sum"
	mv "$work/next" "$work/sum"
done
# Beside the notes of the compiler, where gcov looks for them.
cp -r "$work/sum/out" /

cd "$work"
find /out -name '*.gcda' ! -path '*/tests/*' ! -path '*/kmod-plain-btf/*' -print0 |
	xargs -0 gcov --json-format --stdout 2>/dev/null |
	jq -s '[.[].files[] | { file: (.file | sub("^.*?/(?=(kmod|lib|cli)/)"; "")), lines }
		| select(.file | test("^(kmod|lib|cli)/.*\\.c$"))]
		| group_by(.file) | map({ file: .[0].file, lines: (map(.lines[]) | group_by(.line_number)
		| map({ line: .[0].line_number, count: (map(.count) | add) })) })' >"$work/lines.json"
jq -r '.[] | select(.file | test("^(kmod|lib)/")) | .file as $f | .lines[] | select(.count == 0) | "\($f):\(.line)"' \
	"$work/lines.json" | while IFS=: read -r file line; do
	printf '%s:%s:%s\n' "$file" "$line" "$(sed -n "${line}s/^[[:space:]]*//p" "/src/$file")"
done >"$work/unrun"
sed "/^#/d;/^$/d" /src/tests/vm/rig/debug/unrun >"$work/reasons"
grep -Evf "$work/reasons" "$work/unrun" >/out/uncovered || true
while read -r reason; do
	grep -Eqe "$reason" "$work/unrun" || echo "# tests/vm/rig/debug/unrun: no line needs '$reason'"
done <"$work/reasons"

jq -r 'def row(name; l): [name, (l | map(select(.count > 0)) | length), (l | length)] | @tsv;
	(.[] | row(.file; .lines)),
	(group_by(.file | sub("/.*"; "")) | .[] | row((.[0].file | sub("/.*"; "")) + "/"; map(.lines[])))' "$work/lines.json" \
	>"$work/rows"
while IFS=$'\t' read -r name run all; do
	printf '# %-32s %6d of %6d lines  %5.1f %%\n' "$name" "$run" "$all" "$((all ? run * 1000 / all : 0))e-1"
done <"$work/rows"
echo "# $(wc -l <"$work/unrun") lines of modules and library were not run, $(wc -l </out/uncovered) of them for no known reason"
if [ $# = 0 ]; then
	printf 'ok 1 # SKIP a part of the cases has no limit\n1..1\n'
else
	coverage_limits "$@" <"$work/rows"
fi
