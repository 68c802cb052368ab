# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a reader may rely on in the work tree, which is the current folder: how large modules, files and functions are, what
# includes what, and one function for one name in a stack trace. Each function prints findings, a line each, but the first
# ones, which tell what is there.
check_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# "MODULE FILE": the sources of each module's objects, as make reads Kbuild, and the headers of their rooms
module_files()
{
	local objects='$(foreach m,$(obj-m:.o=),$(foreach o,$($(m)-y),$(m).ko kmod/$(o:.o=.c)\n))' module file room header
	local -A seen=()
	while read -r module file; do
		echo "$module $file"
		room=${file%/*}
		[ -z "${seen[$module $room]:-}" ] || continue
		seen[$module $room]=1
		for header in "$room"/*.h; do
			[ ! -e "$header" ] || echo "$module $header"
		done
	done < <(printf 'include kmod/Kbuild\nall:; @printf "$%s"\n' "${objects#$}" | MAKEFLAGS='' make -s -f - all 2>/dev/null)
}

# "LINES FILE": those that are neither blank nor comment
code_lines()
{
	local c=() other=() file
	for file; do
		case $file in
		*.[ch] | *.pml) c+=("$file") ;;
		*) other+=("$file") ;;
		esac
	done
	{
		[ ${#c[@]} = 0 ] || awk -f "$check_dir/strip.awk" "${c[@]}"
		[ ${#other[@]} = 0 ] || awk '!/^[ \t]*(#|$)/ { print FILENAME "\t" }' "${other[@]}"
	} | cut -f1 | sort | uniq -c | sed 's/^ *//'
}

# "MODULE ROOM LINES"
module_sizes()
{
	local files
	files=$(module_files)
	# shellcheck disable=SC2046 # words
	awk 'NR == FNR { lines[$2] = $1; next }
		{ room = $2; sub("/[^/]*$", "", room); sum[$1 " " room] += lines[$2] }
		END { for (key in sum) print key, sum[key] }' \
		<(code_lines $(cut -d' ' -f2 <<<"$files" | sort -u)) - <<<"$files" | sort
}

# The kernel modules are not above tests/check/budgets, and all that is compiled is counted.
budgets()
{
	awk 'NR == FNR { if (!/^#/ && NF) budget[$1] = $2; next }
		{ sum[$1] += $3 }
		END {
			for (m in sum) {
				if (!(m in budget))
					print m ": no line in tests/check/budgets"
				else if (sum[m] > budget[m])
					print m ": " sum[m] " lines of code, and " budget[m] " are allowed"
			}
			for (m in budget)
				if (!(m in sum))
					print "tests/check/budgets: no module " m
		}' tests/check/budgets <(module_sizes)
	comm -13 <(module_files | cut -d' ' -f2 | sort -u) <(printf '%s\n' kmod/*/*.c | sort) | sed 's/$/: in no module/'
}

# "FILE INCLUDED", of files of the work tree
includes()
{
	find kmod lib cli bpf -name '*.[ch]' -exec awk -f "$check_dir/strip.awk" {} + |
		sed -n 's/^\([^\t]*\)\t[0-9]*\t[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1 \2/p' |
		while read -r file name; do
			case $file in
			kmod/*) set -- "${file%/*}" kmod kmod/uapi ;;
			*) set -- "${file%/*}" . lib cli kmod/uapi bpf lib/wd ;;
			esac
			for folder; do
				[ -e "$folder/$name" ] || continue
				name=$folder/$name
				echo "$file ${name#./}"
				break
			done
		done
}

# loops: of "FILE INCLUDED" on stdin, a line each
loops()
{
	tsort 2>&1 >/dev/null | awk '
		/ loop:$/ { if (loop != "") print loop; loop = "include circle:"; next }
		{ loop = loop " " $2 }
		END { if (loop != "") print loop }'
}

# Reads tests/check/rooms, and gives place(FILE): sets tree and room, and rank (0: unknown).
# shellcheck disable=SC2016 # awk's
rooms_awk='
	function place(file, part, n) {
		n = split(file, part, "/")
		tree = part[1]
		room = part[n] == "main.c" && (tree, "main") in ranks ? "main" : n > 2 ? part[2] : "."
		rank = ranks[tree, room]
	}
	NR == FNR {
		if (/^#/ || !NF)
			next
		if ($2 == "->") {
			for (i = 3; i <= NF; i++)
				allowed[$1] = allowed[$1] " " $i
			next
		}
		sub(":", "", $1)
		for (i = 2; i <= NF; i++) {
			n = split($i, names, "|")
			for (j = 1; j <= n; j++)
				ranks[$1, names[j]] = i
		}
		trees[$1] = 1
		next
	}'

# No circle between files, and none between rooms.
circles()
{
	includes | loops
	awk "$rooms_awk"'
		{ place($1); from = tree "/" room; place($2); if (from != tree "/" room) print from, tree "/" room }' \
		tests/check/rooms <(includes) | sort -u | loops
}

# Includes point down: see tests/check/rooms.
rooms()
{
	awk "$rooms_awk"'
		{
			place($1)
			from = tree
			from_room = room
			from_rank = rank
			if (from in trees && !rank)
				unknown[from "/" room]
			place($2)
			if (tree in trees && !rank)
				unknown[tree "/" room]
			if (from == tree) {
				if (from in trees && (rank > from_rank || rank == from_rank && room != from_room))
					print $1 ": includes " $2 ", and " room " is not below " from_room
				next
			}
			if (tree !~ "/" && $2 !~ "/")
				next
			n = split(allowed[from], may, " ")
			for (i = 1; i <= n; i++)
				if ($2 == may[i] || index($2, may[i] "/") == 1)
					next
			print $1 ": includes " $2 ", which is not for " from "/"
		}
		END { for (r in unknown) print r ": no place in tests/check/rooms" }' tests/check/rooms <(includes)
}

# No file over 500 lines but the two public headers, which are read as a manual.
long_files()
{
	find kmod lib cli bpf tests -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.awk' -o -name '*.mk' \) \
		! -path kmod/uapi/kplug_uapi.h ! -path lib/libkplug.h -exec awk '
			FNR == 1 { if (n > 500) print file ": " n " lines"; file = FILENAME }
			{ n = FNR }
			END { if (n > 500) print file ": " n " lines" }' {} +
}

# No function of the modules over 50 lines, from its brace to its brace.
long_functions()
{
	find kmod -name '*.[ch]' -exec awk '
		/^[a-z_].*\(/ { head = $0; sub("\\(.*", "", head); sub(".*[ *]", "", head) }
		/^{/ { start = FNR }
		/^}/ && start {
			if (FNR - start + 1 > 50)
				print FILENAME ":" start ": " head "() has " FNR - start + 1 " lines"
			start = 0
		}
		FNR == 1 { start = 0 }' {} +
}

# A static function has a name of its own in its module: a stack trace tells no more.
static_names()
{
	awk 'NR == FNR { modules[$2] = modules[$2] " " $1; next }
		{
			file = $1
			sub("^[^\t]*\t[^\t]*\t", "")
			if (!/^static / || !match($0, /^[^=(]*\(/))
				next
			name = substr($0, 1, RLENGTH - 1)
			sub(".*[ *]", "", name)
			if (name !~ /^[a-z_][a-z_0-9]*$/)
				next
			n = split(modules[file], m, " ")
			for (i = 1; i <= n; i++) {
				key = m[i] " " name
				if (key in at && at[key] != file)
					print file ": " name "() is static in " at[key] ", too, and both are in " m[i]
				at[key] = file
			}
		}' <(module_files) <(find kmod -name '*.[ch]' | sort | xargs awk -f "$check_dir/strip.awk")
}
