#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mutants.sh N SEED: would the cases notice a mistake in the kernel modules? Puts N plausible ones into kmod/ of HEAD, one at
# a time, and runs the cases that `make test-table` names for the file; and, if those pass, all of 6.12 msi. Prints each
# verdict, the rate, and those that nobody noticed. What is done is in $VM/mutants/SEED: started again, it goes on from there.
# The mistakes: a condition negated, a call dropped, a bound off by one, two calls exchanged.
set -euo pipefail

cd "$(dirname "$0")"
. ./lib.sh
need_root
count=$1 seed=$2
place=$VM/mutants
tree=$place/tree results=$place/$seed
mkdir -p "$tree"
: >>"$results"
git -C "$TOP" archive HEAD | tar -x -C "$tree"
root=$(./root.sh)
kernel=$(kernels_of "$root" 6.12)

# "FILE LINE MISTAKE" of each that is possible
candidates()
{
	(cd "$tree" && awk -f tests/check/strip.awk kmod/*/*.c) | awk -F'\t' '
		function code(s) { sub("^[^\t]*\t[^\t]*\t", "", s); return s }
		{
			c = code($0)
			match(c, "^\t*")
			depth = RLENGTH
			called = depth && c ~ /^\t+[a-z_]+[a-z_0-9]*\(.*\);$/ && c !~ /^\t+(return|guard|lockdep_|scoped_)/
			if (c ~ /^\t+(} else )?if \(.*\)( {)?$/ && gsub(/\(/, "(", c) == gsub(/\)/, ")", c))
				print $1, $2, "negate"
			if (called)
				print $1, $2, "drop"
			if (c ~ / [<>]=? / && c !~ /^#/)
				print $1, $2, "bound"
			if (called && was && $1 == file && $2 == line + 1 && depth == deep)
				print $1, line, "exchange"
			was = called; file = $1; line = $2; deep = depth
		}'
}

# mutate FILE LINE MISTAKE
mutate()
{
	local file=$tree/$1
	case $3 in
	negate) sed -i -E "$2s/if \((.*)\)( \{)?\$/if (!(\1))\2/" "$file" ;;
	drop) sed -i "$2s/[^\t].*/(void)0;/" "$file" ;;
	bound) sed -i -E -e "$2{s/ ([<>])= / \1 /;tdone" -e "s/ ([<>]) / \1= /;:done" -e '}' "$file" ;;
	exchange) sed -i "$2{h;d};$(($2 + 1))G" "$file" ;;
	esac
}

# said FILE LINE: the line as it was
said() { git -C "$TOP" show "HEAD:$1" | sed -n "$2p" | tr -d '\t'; }

# runs WHERE...: whether the cases pass; sets by to the first that does not
runs()
{
	local out=$place/out rc=0
	KPLUG_QUICK=1 "$tree/tests/vm/rig/run.sh" --no-build --kernel "$kernel" "$@" >"$out" 2>&1 || rc=$?
	by=$(awk '/FAILED/ { print $3; exit } /during/ { print "the kernel"; exit }' "$out")
	[ "$rc" = 0 ]
}

# judge FILE LINE MISTAKE: sets verdict
judge()
{
	local cases by=
	mutate "$@"
	if ! "$tree/tests/vm/rig/build.sh" "$root" "$kernel" >"$place/out" 2>&1; then
		verdict='does not compile'
	else
		cases=$(cd "$tree" && tests/check/table.sh | sed -n "s|^file $1: ||p" | tr ' ' '|')
		if ! runs --machine 'msi iommu' --case "@($cases)"; then
			verdict="noticed by $by"
		elif ! runs --machine msi; then
			verdict="noticed at last by $by"
		else
			verdict=SURVIVED
		fi
	fi
	git -C "$TOP" show "HEAD:$1" >"$tree/$1"
}

while read -r file line mistake; do
	[ "$(grep -vc 'does not compile' "$results" || true)" -lt "$count" ] || break
	! grep -q "^$file $line $mistake: " "$results" || continue
	# In words, why nothing can tell it from the original.
	! grep -qxF "$file $mistake $(said "$file" "$line")" <(grep -v '^#' equivalent) || continue
	judge "$file" "$line" "$mistake"
	echo "$file $line $mistake: $verdict: $(said "$file" "$line")" | tee -a "$results"
done < <(candidates | shuf --random-source=<(yes "$seed"))
awk -F': ' '/does not compile/ { next } { n++ } /: noticed/ { k++ } /: SURVIVED/ { left = left "\n  " $0 }
	END { print k + 0 " of " n + 0 " noticed" (left ? "; not:" left : "") }' "$results"
