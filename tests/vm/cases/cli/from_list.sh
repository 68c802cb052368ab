#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# shows: cli:plugin-new cli:irq-wait kmod/plugin/kfuncs.c kmod/irq/reader.c
# timeout: 600
# A list of register accesses becomes a plugin that serves the device; each mistake is named with its line.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

edu=${KPLUG_EDU%% *}
cd "$(mktemp -d)" || exit
mkdir include
cp "$KPLUG_SRC"/{bpf/*.h,kmod/uapi/kplug_uapi.h,vmlinux.h} include/

cat >list <<'END'
# edu: acknowledges, and gives the status to the program
device 1234:11e8
register STATUS 0 0x24 32
register ACK 0 0x64 32

read STATUS
mask 0xffffffff != 0    # else a neighbour's
copy
write ACK value
END
make_it() { kplug plugin new card --from-list "$1" --include include; }

# bad REGEX TEXT LINE...: the list with these lines at its end is refused
bad()
{
	local regex=$1 text=$2
	shift 2
	printf '%s\n' "$@" | cat list - >wrong
	run_fails 1 "$regex" "$text" make_it wrong
}
bad "wrong:10: unknown register.*'CONTROL'" 'unknown register' 'read CONTROL'
bad "wrong:10: unknown register" '... to write' 'write NOSUCH 1'
bad "duplicate register 'ACK'" 'a register twice' 'register ACK 0 0x68 32'
bad "too large: '6'" 'no such BAR' 'register X 6 0 32'
bad "not '12'" 'no such width' 'register X 0 0 12'
bad "not a multiple of the width: '0x22'" 'a misaligned register' 'register X 0 0x22 32'
bad "not a number: 'many'" 'a mask that is no number' 'mask many == 1'
bad "must be == or !=, not '<'" 'another comparison' 'mask 1 < 1'
bad "too large: '0x100000000'" 'a value that does not fit' 'write ACK 0x100000000'
bad "unknown command: 'jump'" 'another command' 'jump 1'
bad "wrong number of words for 'read'" 'words missing' 'read'
bad "not PCI ids" 'wrong ids' 'device any'
bad "no room for another 'copy'" 'more than a record holds' copy copy copy copy copy copy copy copy
echo copy >wrong
run_fails 1 "no read precedes 'copy'" 'nothing to copy' make_it wrong
echo '# nothing' >wrong
run_fails 1 'reads no register' 'an empty list' make_it wrong
run_fails 1 '/nosuch' 'no such list' make_it /nosuch
run_fails 2 'from-list is missing' 'no list' kplug plugin new card
run_fails 2 'NAME' 'a name with a slash' kplug plugin new a/b --from-list list
is "$(ls -- *.bpf.* 2>/dev/null)" '' 'nothing is left of what failed'

runs 'plugin new' make_it list
is "$(kplug plugin info card.bpf.o --json | jq -r '[.name, .vendor, .device, .hooks[0]] | join(" ")')" \
	'card 0x1234 0x11e8 interrupt' 'it is a plugin'
runs 'bind' kplug bind "$edu"
runs 'it loads' kplug plugin load "$edu" card.bpf.o
kplug irq wait "$edu" --timeout 20000 --json >record &
waiting=$!
for _ in {1..100}; do
	[ "$(kplug irq list "$edu" --json | jq '.[0].users')" = 1 ] && break
	sleep 0.1
done
runs 'raise' kplug reg write "$edu" 0 0x60 0x55
wait $waiting
is "$? $(jq -r '[.count, .data] | join(" ")' record)" '0 1 5500000000000000' 'the program gets what was read'
is "$(kplug reg read "$edu" 0 0x24)" 0x00000000 'the device is quiet'
runs 'unbind' kplug unbind "$edu"
plan
