#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# check.sh [all]: static checks, as TAP. Runs in the build root (tests/vm/rig/build.sh ROOT --check), with /src and /out.
# Each tool prints findings, a line each; those that tests/check/exceptions names are dropped, and an exception that
# drops nothing fails.
set -uo pipefail

cd /src || exit
. tests/vm/rig/tap.sh
. tests/check/house.sh
out=/out/check
all=${1:-}
mkdir -p $out

CFLAGS="-std=gnu11 -D_GNU_SOURCE -I. -Ilib -Icli -Ikmod/uapi -Ibpf -Ilib/wd -iquote tests/vm/rig -iquote tests/vm"
WARN="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wvla -Wundef
	-Wformat=2 -Wcast-align -Wredundant-decls -Wimplicit-fallthrough"
GCC_WARN="-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wformat-overflow=2 -Wformat-truncation=1"
CLANG_WARN="-Wcomma -Wunreachable-code -Wassign-enum -Wshadow-all -Wconditional-uninitialized -Wextra-semi -Wloop-analysis
	-Wno-unknown-attributes"
BPF_FLAGS="-g -O2 -target bpf -mcpu=v3 -I. -Ibpf -Ikmod/uapi -Ilib/wd -Wall -Wextra -Wshadow -Wcomma -Wunreachable-code"

mapfile -t user_c < <(find lib cli tests -name '*.c' ! -name '*.bpf.c' ! -path 'tests/vm/rig/debug/*' | sort)
mapfile -t lib_c < <(find lib cli -name '*.c' ! -name '*.bpf.c' | sort)
mapfile -t bpf_c < <(find bpf lib tests -name '*.bpf.c' | sort)
mapfile -t kernel < <({ find kmod bpf -name '*.[ch]'; find lib/wd -name '*.bpf.[ch]'; ls tests/vm/rig/debug/*.c; } | sort)
mapfile -t all_c < <(find kmod bpf lib cli tests -name '*.[ch]' | sort)
mapfile -t scripts < <({ find tests .ci -name '*.sh'; echo .ci/run cli/kplug.bash-completion; } | tr ' ' '\n' | sort)

# Runs "$@" on each word of stdin, several at a time.
each() { xargs -P "$(nproc)" -n 6 "$@"; }

# Findings of the compilers: one line each.
warnings() { grep -E '(warning|error): ' | sort -u; }

# One function per tool; "$@" are the files.
# shellcheck disable=SC2086 # words
gcc_() { printf '%s\n' "$@" | each gcc $CFLAGS -O2 -fsyntax-only $WARN $GCC_WARN 2>&1 | warnings; }
# shellcheck disable=SC2086
clang_() { printf '%s\n' "$@" | each clang $CFLAGS -O2 -fsyntax-only $WARN $CLANG_WARN 2>&1 | warnings; }
# shellcheck disable=SC2086
bpf_() { printf '%s\n' "$@" | each clang $BPF_FLAGS -fsyntax-only 2>&1 | warnings; }
tidy() { printf '%s\n' "$@" | each sh -c "clang-tidy --quiet \"\$@\" -- $CFLAGS" sh 2>/dev/null | warnings; }
format() { clang-format --dry-run -Werror "$@" 2>&1 | warnings; }
shell() { shellcheck -x -P SCRIPTDIR -f gcc "$@"; }
spelling() { codespell -L aer "$@"; } # advanced error reporting

checkpatch()
{
	# The kernel's headers do not bring it; its sources do.
	[ -e $out/scripts/checkpatch.pl ] ||
		tar -C $out --strip-components=1 --occurrence=1 -xJf /usr/src/linux-source-6.12.tar.xz \
			linux-source-6.12/scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch} || return
	printf '%s\n' "$@" | each perl $out/scripts/checkpatch.pl --no-tree --strict --max-line-length=120 --no-summary \
		--terse --show-types -f | grep -E '^[^ ]+:[0-9]+: '
}

# On the modules, as the kernel's own make does it. A file that it has not looked at would be clean, too.
sparse_()
{
	local kernel seen
	kernel=$(find /lib/modules -mindepth 1 -maxdepth 1 -name '6.12.*' | head -n 1)
	make -j"$(nproc)" modules KDIR="$kernel/build" KMOD_OUT=$out/kmod C=2 CF=-D__CHECK_ENDIAN__ >$out/sparse.log 2>&1
	seen=$(grep -c '^  CHECK ' $out/sparse.log)
	[ "$seen" = "$#" ] || echo "sparse has looked at $seen files of $#: error: see $out/sparse.log"
	warnings <$out/sparse.log
}

# A fifth of its default depth, in a quarter of the time, has found the same. make test-all goes all the way.
analyzer()
{
	local depth=(-Xclang -analyzer-config -Xclang max-nodes=40000)
	[ -z "$all" ] || depth=()
	# shellcheck disable=SC2086 # words
	printf '%s\n' "$@" | each clang --analyze --analyzer-output text $CFLAGS "${depth[@]}" 2>&1 | warnings
}

# Not used alone by others: what is missing in them would be brought by the includer.
headers()
{
	local h
	for h in lib/libkplug.h kmod/uapi/kplug_uapi.h bpf/edu.h bpf/list.h; do
		gcc -std=c99 -pedantic -Wall -Wextra -fsyntax-only -Ilib -Ikmod/uapi -include "$h" -xc /dev/null
		g++ -std=c++11 -pedantic -Wall -Wextra -fsyntax-only -Ilib -Ikmod/uapi -include "$h" -xc++ /dev/null
	done 2>&1 | warnings
}

# Names that are declared, exported or documented, but not all three.
symbols()
{
	make O=$out/symbols lib >&2
	diff <(nm -D --defined-only $out/symbols/lib/libkplug.so.0 | awk '$2 == "T" { sub("@.*", "", $3); print $3 }' | sort) \
		<(sed -n 's/^[[:space:]]*\(kplug_[a-z_]*\);$/\1/p' lib/libkplug.map | sort) | sed -n 's/^[<>]/libkplug.map:/p'
	diff <(grep -Eo '\bkplug_[a-z_]+\(' lib/libkplug.h | tr -d '(' | grep -v _fn | sort -u) \
		<(sed -n 's/^[[:space:]]*\(kplug_[a-z_]*\);$/\1/p' lib/libkplug.map | sort) | sed -n 's/^[>]/libkplug.h:/p'
}

# What Kbuild says of the kernel whose header this is.
map_ops() { awk -f kmod/buffer/map_ops.awk "$1" 2>&1; }

# What tests show: see tests/check/table.sh.
table() { "$check_dir/table.sh" --check; }

exceptions() { sed -n "s/^$1[[:space:]]\+//p" tests/check/exceptions; }

# clean TOOL TEXT FUNCTION FILE...: no finding is left, and every exception is still of use
clean()
{
	local tool=$1 text=$2 found left re
	shift 2
	found=$("$@")
	left=$found
	while read -r re; do
		grep -Eq -- "$re" <<<"$found" || left+=$'\n'"tests/check/exceptions: nothing matches '$tool $re'"
		left=$(grep -Ev -- "$re" <<<"$left")
	done < <(exceptions "$tool")
	is "$left" '' "$tool: $text"
}

# sees TOOL FUNCTION FILE: the tool is not blind: it finds something in a bad file
sees() { isnt "$("$2" "$3")" '' "$1 finds what is wrong in a bad file"; }

# sees_house TOOL REGEX...: the function of that name finds these in a bad tree
sees_house()
{
	local tool=$1 found re
	found=$(cd /tmp/bad && "$tool")
	shift
	for re; do like "$found" "$re" "$tool finds in a bad tree: $re"; done
}

# bad FILE LINE...: a file of the bad tree
bad()
{
	mkdir -p "/tmp/bad/${1%/*}"
	printf '%s\n' "${@:2}" >"/tmp/bad/$1"
}

bad tests/check/budgets 'kplug.ko 7' 'kplug_none.ko 1'
bad tests/check/rooms 'kmod: uapi core irq pci|soft main' 'lib: . base' 'lib -> kmod/uapi'
bad kmod/Kbuild 'obj-m := kplug.o kplug_soft.o' 'kplug-y := core/device.o irq/irq.o' 'kplug_soft-y := soft/soft.o'
bad kmod/core/device.h '#include "irq/irq.h"'
bad kmod/irq/irq.h '#include "core/device.h"'
bad kmod/core/device.c '/* Lines of' ' * comment */' '' 'static int find(int x)' '{' '	return x; // "' '}'
bad kmod/irq/irq.c 'static struct irq *find(const char *s)' '{' '	return s ? find("/*") : NULL;' '}'
bad kmod/irq/lost.c 'long lost(void)' '{' "$(yes '	a();' | head -n 49)" '}'
bad kmod/soft/soft.c '#include "pci/pci.h"'
bad kmod/pci/pci.h 'int pci;'
bad kmod/new/new.h 'int new;'
bad lib/base/error.c '#include "new/new.h"' '#include "kmod/new/new.h"' "$(yes 'int i;' | head -n 499)"
bad kmod/uapi/kplug_uapi.h '#define KPLUG_INFO _IOWR(1, 0, int)' 'enum kplug_hook {' $'\tKPLUG_HOOK_OPEN,' $'\tKPLUG_HOOK_COUNT' '};' \
	'enum kplug_buffer_kind {' $'\tKPLUG_BUFFER_AUTO,' '};'
bad cli/commands.c $'\t{ "buffer list", buffer_list, 0, 1,'
bad tests/vm/cases/core/one.c '/* shows: KPLUG_NONE kmod/irq/irq.c kmod/none.c */'
bad tests/vm/cases/core/two.sh '#!/bin/bash'
bad tests/check/claims 'three: It flies' 'one: it swims'
printf '%s\n' '# A title' '' 'The first' 'thing: it swims.' '' '* and it walks' >/tmp/bad/README.md
printf '%s\n' '| promise | shown by |' '|---|---|' '| It holds | one: nothing; three |' >/tmp/bad/SECURITY.md
mkdir /tmp/bad/{bpf,tests/unit}

is "$(cd /tmp/bad && module_sizes | grep core)" 'kplug.ko kmod/core 5' 'lines of code are neither blank nor comment'
sees_house budgets 'kplug.ko: 10 lines of code, and 7 are' 'no module kplug_none' 'kplug_soft.ko: no line' 'lost.c: in no module'
sees_house circles 'circle:( kmod/(core/device|irq/irq).h){2}$' 'circle:( kmod/(core|irq)){2}$'
sees_house rooms 'device.h: .* irq is not below core' 'soft.c: .* pci is not below soft' 'not for lib/' 'kmod/new: no place'
sees_house long_files 'lib/base/error.c: 501 lines'
sees_house long_functions 'lost.c:2: lost.. has 51 lines'
sees_house static_names 'irq.c: find.. is static in kmod/core/device.c'
sees_house table '^ioctl KPLUG_INFO: no case' '^hook hook:open: no case' '^kind kind:auto: no case' '^command cli:buffer-list: no case' \
	'^file kmod/core/device.c: no case' '^one: shows KPLUG_NONE,' '^one: shows kmod/none.c,' '^two: has no line' 'no case three$' \
	'not in the README: It flies$' 'no claim .* is in: . and it walks$' 'no test one nothing$' 'no test three $'
is "$(cd /tmp/bad && table | grep 'irq/irq.c\|swims\|:count')" '' 'table says nothing of what is right in it'

cat >/tmp/bad.c <<'END'
#include <stdio.h>
int f(char *s);
int f(char *s) {
  int teh;
  if (sizeof(s) == sizeof(char *)) printf(s);
  return teh;
}
END
printf '%s\n' '#!/bin/sh' 'echo $1' >/tmp/bad.sh
printf '%s\n' '/* A teh that is wrong, adn more. */' >/tmp/bad.txt
sees gcc gcc_ /tmp/bad.c
sees clang clang_ /tmp/bad.c
sees clang-tidy tidy /tmp/bad.c
sees analyzer analyzer /tmp/bad.c
sees clang-format format /tmp/bad.c
sees checkpatch checkpatch /tmp/bad.c
sees shellcheck shell /tmp/bad.sh
sees codespell spelling /tmp/bad.txt

for header in /usr/src/linux-headers-*/include/linux/bpf.h; do
	grep -q '^struct bpf_map_ops {' "$header" || continue
	is "$(map_ops "$header")" known "map_ops.awk knows ${header#/usr/src/}"
	sed 's/^struct bpf_map_ops {/&\n\tint (*map_swim)(struct bpf_map *map,\n\t\t\tu32 x);\n\tu32 depth;/' "$header" >/tmp/bpf.h
	like "$(map_ops /tmp/bpf.h)" 'does not know: map_swim depth$' "map_ops.awk sees new members of ${header#/usr/src/}"
done
for header in /dev/null /tmp/none.h; do
	isnt "$(map_ops $header)" known "map_ops.awk knows nothing of $header"
done

clean gcc 'library, command, tests' gcc_ "${user_c[@]}"
clean clang 'library, command, tests' clang_ "${user_c[@]}"
clean bpf 'plugins and test programs' bpf_ "${bpf_c[@]}"
clean clang-tidy 'library, command, tests' tidy "${user_c[@]}"
clean analyzer 'library and command' analyzer "${lib_c[@]}"
clean sparse modules sparse_ $(find kmod -name '*.c')
clean checkpatch 'modules and plugins' checkpatch "${kernel[@]}"
clean clang-format 'all of C' format "${all_c[@]}"
clean shellcheck 'all scripts' shell "${scripts[@]}"
clean codespell 'all texts' spelling ./*.md LICENSE .editorconfig Makefile .ci/run kmod bpf lib cli tests
clean headers 'public ones alone, as C and as C++' headers
clean symbols 'exported, listed and declared are the same' symbols
clean budgets 'modules are no larger than tests/check/budgets says' budgets
clean circles 'no includes go in a circle, between files or rooms' circles
clean rooms 'includes point down, as tests/check/rooms says' rooms
clean long_files 'of 500 lines at most' long_files
clean long_functions 'of 50 lines at most, in the modules' long_functions
clean static_names 'a name of its own in its module' static_names
clean table 'cases show all that there is, and nothing else' table
plan
