#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints, a line each, which cases show an ioctl, a hook, a kind of memory, a command, a source file of the modules, and a
# claim of the README. What a case shows stands in its lines "shows: ..."; the claims are in tests/check/claims. The check
# looks at the tests that SECURITY.md names, too.
# table.sh --check prints what no case shows, and what is said to be shown and is not there.
set -uo pipefail

# kept: the tree may be another one than this script's, which is how the check of this check runs it
[ "${1:-}" = --check ] || cd "$(dirname "$0")/../.." || exit

# "SORT NAME", the name as it stands behind "shows:"
names()
{
	local uapi=kmod/uapi/kplug_uapi.h file
	sed -n 's/^#define \(KPLUG_[A-Z_]*\) _IOWR(.*/ioctl \1/p' $uapi
	sed -n '/^enum kplug_hook /,/^}/s/^\tKPLUG_HOOK_\([A-Z_]*\).*/hook hook:\L\1/p' $uapi | grep -v ':count$'
	sed -n '/^enum kplug_buffer_kind /,/^}/s/^\tKPLUG_BUFFER_\([A-Z_]*\).*/kind kind:\L\1/p' $uapi | grep -v ':kinds$'
	sed -n 's/^\t{ "\([a-z ]*\)", .*/\1/p' cli/commands.c | sed 's/ /-/g; s/^/command cli:/'
	for file in kmod/*/*.c; do echo "file $file"; done
}

sources() { find tests/vm/cases tests/unit -name '*.c' -o -name '*.sh' -path '*/cases/*'; }

# A case's name is its file's, without folder and suffix.
cases() { sources | sed 's|.*/||; s|\.[a-z]*$||'; }

# "NAME CASE"
shown()
{
	awk '
		/^(#|\/\*) shows: / && FNR <= 50 {
			name = FILENAME
			sub(".*/", "", name)
			sub("\\.[a-z]*$", "", name)
			for (i = 3; i <= NF; i++)
				if ($i != "*/")
					print $i, name
		}' $(sources) | sort
}

# "CASES: TEXT" of each claim
claims() { grep -v '^#' tests/check/claims | grep .; }

# A paragraph, an item or a row of a table of the README, a line each; without headings and what is quoted.
blocks()
{
	awk '
		function flush() { if (block != "") print block; block = "" }
		/^```/ { flush(); quoted = !quoted; next }
		quoted || /^#/ || /^\|[-| ]*$/ { flush(); next }
		/^$/ { flush(); next }
		/^[*|]/ { flush() }
		{ sub("^ *", ""); block = block == "" ? $0 : block " " $0 }
		END { flush() }' README.md
}

# "CASE" or "CASE TEST" of each promise in SECURITY.md, whose tables end with "CASE: TEST TEST; CASE".
promises()
{
	sed -n 's/^| .* | \([a-z_0-9:; ]*\) |$/\1/p' SECURITY.md | grep -v '^shown by$' | tr ';' '\n' | tr -d ':' |
		awk '{ print $1; for (i = 2; i <= NF; i++) print $1, $i }'
}

table()
{
	awk 'NR == FNR { by[$1] = by[$1] " " $2; next } { print $1, $2 ":" by[$2] }' <(shown) <(names)
	claims | grep -v '^-: ' | sed 's/^\([^:]*\): \(.*\)/claim "\2": \1/'
}

check()
{
	awk 'NR == FNR { by[$1]; next } !($2 in by) { print $1 " " $2 ": no case shows it" }' <(shown) <(names)
	awk 'NR == FNR { known[$2]; next } !($1 in known) && $1 !~ "/" { print $2 ": shows " $1 ", which is not there" }' \
		<(names) <(shown)
	shown | while read -r name by; do
		[[ $name != */* || -e $name ]] || echo "$by: shows $name, which is not there"
	done
	comm -23 <(sources | grep /cases/ | sed 's|.*/||; s|\.[a-z]*$||' | sort) <(shown | cut -d' ' -f2 | sort -u) |
		sed 's/$/: has no line "shows:"/'
	claims | cut -d: -f1 | tr ' ' '\n' | sort -u | while read -r name; do
		[[ $name == - || $name == */* && -e $name ]] || cases | grep -qxF -- "$name" ||
			echo "tests/check/claims: no case $name"
	done
	promises | while read -r name test; do
		grep -qsw -- "${test:-shows}" tests/vm/cases/*/"$name".[cs]* || echo "SECURITY.md: no test $name $test"
	done
	awk 'NR == FNR { sub("^[^:]*: ", ""); text[++n] = $0; next }
		{
			found = 0
			for (i = 1; i <= n; i++)
				if (index($0, text[i]))
					found = used[i] = 1
			if (!found && !/^<!--/)
				print "README.md: no claim of tests/check/claims is in: " substr($0, 1, 60)
		}
		END {
			for (i = 1; i <= n; i++)
				if (!used[i])
					print "tests/check/claims: not in the README: " text[i]
		}' <(claims) <(blocks)
}

case ${1:-} in
'') table ;;
--check) check ;;
*) echo "usage: table.sh [--check]" >&2; exit 2 ;;
esac
