#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `make install` leaves is enough to build a program and a plugin; the README's and the man page's own are taken.
# Runs in the Debian root, the tree at /src.
set -uo pipefail

# shellcheck source=tests/vm/rig/tap.sh
. /src/tests/vm/rig/tap.sh
export DESTDIR=/tmp/dest
dest=$DESTDIR/usr
flags=(PREFIX=/usr O=/out/user DEV=1)
cd /tmp || exit

# What a package would do with the folders inside DESTDIR.
pc()
{
	PKG_CONFIG_PATH=$dest/lib/pkgconfig pkg-config --define-variable=prefix="$dest" \
		--define-variable=includedir="$dest/include" --define-variable=libdir="$dest/lib" "$@" libkplug
}

runs 'make install' make -C /src "${flags[@]}" install
runs 'the command runs from where it is installed' "$dest/bin/kplug" --version

sed -n '/example begins/,/example ends/p' /src/lib/libkplug.3 | sed '/^\./d;s/\\e/\\/g;s/\\-/-/g' >program.c
# shellcheck disable=SC2046 # words
runs "the man page's program builds against the shared library" \
	gcc -Wall -Werror -o program program.c $(pc --cflags --libs)
like "$(readelf -d program)" 'libkplug.so.0' '... and needs it by its soname'
# shellcheck disable=SC2046
runs '... and against the static one' gcc -Wall -Werror -static-libgcc -o program program.c $(pc --cflags) \
	"$dest/lib/libkplug.a" $(pkg-config --libs libbpf libelf zlib)

sed -n '/^```c$/,/^```$/p' /src/README.md | sed '/^```/d' >plugin.bpf.c
runs "the README's plugin builds with the installed headers" \
	clang -Wall -Werror -g -O2 -target bpf -mcpu=v3 -I"$dest/share/kplug/include" -c plugin.bpf.c -o plugin.bpf.o
like "$("$dest/bin/kplug" plugin info plugin.bpf.o)" 'count' '... and kplug knows it'

for header in libkplug.h kplug_uapi.h kplug_sync.h; do
	# shellcheck disable=SC2046
	runs "$header compiles alone as C" gcc -std=c99 -Wall -Wextra -Werror -fsyntax-only $(pc --cflags) -include "$header" -xc /dev/null
	# shellcheck disable=SC2046
	runs "$header compiles alone as C++" g++ -Wall -Wextra -Werror -fsyntax-only $(pc --cflags) -include "$header" -xc++ /dev/null
done

wd_names()
{
	{
		sed -nE 's/^(DWORD|HANDLE|void|PVOID|const char) \*?([A-Za-z0-9_]+)\(.*/\2/p' /src/lib/wd/{windrvr,wdc_lib}.h
		sed -nE 's/^#define ((DMA|INTERRUPT|KER_BUF)_[A-Z0-9_]+|BZERO|KP_[A-Z][a-z][A-Za-z]+)\b.*/\1/p' /src/lib/wd/*.h
		sed -nE 's/^\t(WD_[A-Z_]+) = .*/\1/p' /src/lib/wd/windrvr.h
	} | sort
}
is "$(sed -n '/^\.SH COUNTERPARTS/,/^\.SH NO COUNTERPART/s/^\.B //p' /src/lib/wd/kplug-wd.7 | sort)" "$(wd_names)" \
	'kplug-wd(7) has each name of the porting layer'
isnt "$(wd_names | wc -l)" 0 '... of which there are some'
is "$(nm -D --defined-only "$dest/lib/libkplug-wd.so.0" | awk '$2 == "T" { sub("@.*", "", $3); print $3 }' | sort)" \
	"$(sed -nE 's/^(DWORD|HANDLE|void|PVOID|const char) \*?([A-Za-z0-9_]+)\(.*/\2/p' /src/lib/wd/{windrvr,wdc_lib}.h | sort)" \
	'the porting layer exports what its headers declare'
for header in windrvr.h wdc_lib.h; do
	# shellcheck disable=SC2046
	runs "$header compiles alone as C" gcc -std=c99 -Wall -Wextra -Werror -fsyntax-only $(pc --cflags) -include "$header" -xc /dev/null
	# shellcheck disable=SC2046
	runs "$header compiles alone as C++" g++ -Wall -Wextra -Werror -fsyntax-only $(pc --cflags) -include "$header" -xc++ /dev/null
done
# shellcheck disable=SC2046
runs "the porting layer's sample builds with what is installed" gcc -Wall -Werror -o td41 /src/lib/wd/sample/td41.c \
	$(pc --cflags --libs | sed 's/-lkplug/-lkplug-wd -lkplug/')
runs '... its plugin, too' clang -Wall -Werror -g -O2 -target bpf -mcpu=v3 -I"$dest/share/kplug/include" \
	-c /src/lib/wd/sample/KP_SAMPLE.bpf.c -o KP_SAMPLE.bpf.o
wd_quoted() { sed -n "/^\.\\\\\" lib\/wd\/guide\/$1\$/,/^\.fi/p" /src/lib/wd/kplug-wd.7 | sed '/^\./d;s/\\e/\\/g;s/\\-/-/g'; }
for program in /src/lib/wd/guide/*.c; do
	file=${program##*/}
	is "$(wd_quoted "$file")" "$(sed 1d "$program")" "kplug-wd(7) quotes $file"
	cp "$program" guide.c
	case $file in
	*.bpf.c) compile=(clang -g -O2 -target bpf -mcpu=v3 -I"$dest/share/kplug/include") ;;
	*) read -ra compile <<<"gcc $(pc --cflags)" ;;
	esac
	runs '... which builds with the installed headers' "${compile[@]}" -Wall -Werror -c -o guide.o guide.c
done
is "$(grep -c '^\.\\" lib/wd/guide/' /src/lib/wd/kplug-wd.7)" 6 '... and no other'
like "$(cat "$dest/lib/pkgconfig/libkplug-wd.pc")" 'lkplug-wd -lkplug' '... and pkg-config knows the library'

is "$(nm -D --defined-only "$dest/lib/libkplug.so.0" | awk '$2 == "T" { sub("@.*", "", $3); print $3 }' | sort)" \
	"$(sed -n 's/^[[:space:]]*\(kplug_[a-z_]*\);$/\1/p' /src/lib/libkplug.map | sort)" 'the library exports what its map says'
version=$(make -s -C /src version)
sources() { (cd "$1" && find . -name Kbuild -o -name '*.[ch]' | sort); }
is "$(sources "$dest/src/kplug-$version")" "$(sources /src/kmod)" 'DKMS gets all sources of the modules'
like "$(cat "$dest/src/kplug-$version/dkms.conf")" "^PACKAGE_VERSION=\"$version\"\$" '... and their version'
for page in man1/kplug.1 man3/libkplug.3 man7/kplug-wd.7; do
	like "$(head -n 3 "$dest/share/man/$page")" "^\.TH .*\"kplug $version\"" "${page#*/} has the version"
done
is "$(cd /src && grep -rlF "$version" Makefile README.md kmod bpf lib cli tests)" kmod/Kbuild \
	'the version is written in one place'
like "$(make -C /src "${flags[@]}" -n DESTDIR= install)" '^ldconfig$' "make install updates the linker's cache"
is "$(make -C /src "${flags[@]}" -n install | grep -c ldconfig)" 0 '... but for a package'

runs 'make uninstall' make -C /src "${flags[@]}" uninstall
is "$(find "$DESTDIR" ! -type d)" '' '... leaves nothing'
plan
