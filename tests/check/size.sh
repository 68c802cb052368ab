#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints lines of code, neither blank nor comment, by kernel module and by room.
set -euo pipefail

cd "$(dirname "$0")/../.."
. tests/check/house.sh

# row NAME LINES [TEXT]
row() { printf '%-24s %6d%s\n' "$1" "$2" "${3:+  $3}"; }

# sum FILE...
sum() { code_lines "$@" | awk '{ n += $1 } END { print n + 0 }'; }

# sources FOLDER [DEPTH]
sources()
{
	find "$1" ${2:+-maxdepth "$2"} -type f \
		\( -name '*.[ch]' -o -name '*.sh' -o -name '*.awk' -o -name '*.mk' -o -name '*.pml' \) | sort
}

# tree FOLDER DEPTH: totals of it and of the folders in it, down to that depth
tree()
{
	local folder files depth
	while read -r folder; do
		mapfile -t files < <(sources "$folder")
		depth=${folder//[!\/]/}
		[ ${#files[@]} = 0 ] || row "${depth//\//  }${folder##*/}" "$(sum "${files[@]}")"
	done < <(find "$1" -maxdepth "$2" -type d | sort)
}

modules=$(module_sizes)
for module in $(cut -d' ' -f1 <<<"$modules" | uniq); do
	row "$module" "$(awk -v m="$module" '$1 == m { n += $3 } END { print n }' <<<"$modules")" \
		"of $(sed -n "s/^$module //p" tests/check/budgets)"
	while read -r _ room lines; do
		row "  ${room#kmod/}" "$lines"
	done < <(grep "^$module " <<<"$modules")
done
row 'uapi' "$(sum kmod/uapi/*.h)"
for folder in lib cli bpf; do
	tree $folder 1
done
tree tests 3
