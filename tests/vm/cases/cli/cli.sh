#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# shows: cli:list cli:info cli:bind cli:unbind cli:soft-create cli:soft-delete cli:buffer-alloc
# shows: cli:buffer-list cli:buffer-holders cli:buffer-free cli:buffer-dump cli:buffer-fill cli:plugin-load
# shows: cli:plugin-unload cli:plugin-list cli:plugin-info cli:call cli:reg-read cli:reg-write cli:irq-wait
# shows: cli:irq-list cli:irq-trigger kmod/pci/pci.c
# timeout: 240
# The command on real devices: what it prints, and one clear error for each kind of bad input.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

edu=${KPLUG_EDU%% *}
other=$(cd /sys/bus/pci/drivers/virtio-pci && ls -d 0000:* | head -n 1)

# Devices.
run_fails 1 '0000:00:1f.7: .*(no such|unknown)' 'bind: unknown device' kplug bind 0000:00:1f.7
run_fails 1 "$other: .*virtio-pci" 'bind: another driver has it' kplug bind "$other"
is "$(basename "$(readlink /sys/bus/pci/devices/$other/driver)")" virtio-pci '... and keeps it'
run_fails 1 "$edu: has no driver; bind it" 'info: a device that is not bound' kplug info "$edu"
run_fails 1 'nosuch' 'info: a device that does not exist' kplug info nosuch
run_fails 2 "'sometimes' is none of needed" 'bind: no such policy' kplug bind "$edu" --reset sometimes
like "$(kplug bind "$edu" --reset never 2>&1)" "^kplug: $edu: cannot be reset: .*" 'bind: says what the device cannot do'
is "$(cat "/sys/bus/pci/devices/$edu/kplug_reset")" never '... and sets the policy'
run_fails 1 "$edu: .*(already|kplug has it)" 'bind: bound already' kplug bind "$edu"
runs 'soft create' kplug soft create s0 --vectors 4
run_fails 1 's0.*in use' 'soft create: name taken' kplug soft create s0
run_fails 2 'vectors' 'soft create: 2049 vectors' kplug soft create s1 --vectors 2049
runs 'soft create: 23 address bits, which the kernel would not set as a mask' kplug soft create s23 --dma-bits 23
runs '... has buffers' kplug buffer alloc s23 low 4K --kind contiguous
runs '... and goes' kplug soft delete s23
run_fails 1 'nosuch' 'soft delete: unknown' kplug soft delete nosuch
is "$(kplug list --json | jq -r 'map(.name) | sort | join(" ")')" "$edu s0" 'list names both'
like "$(kplug)" "$other +.* virtio-pci" 'without arguments: other drivers too'
is "$(kplug info s0 --json | jq -r .vectors)" 4 'info --json'

# Buffers.
runs 'buffer alloc' kplug buffer alloc "$edu" edu 64K --dma-bits 28
run_fails 1 'edu.*has a buffer of this name' 'buffer alloc: name taken' kplug buffer alloc "$edu" edu 4096
run_fails 1 'name' 'buffer alloc: name of 300 bytes' kplug buffer alloc "$edu" "$(printf '%0300d' 0)" 4096
run_fails '[12]' 'size|bytes' 'buffer alloc: size 0' kplug buffer alloc "$edu" zero 0
run_fails '[12]' '513M|bytes|size' 'buffer alloc: size over the limit' kplug buffer alloc "$edu" big 513M --dma-bits 28
run_fails 1 'memory' 'buffer alloc: more than there is below 28 bits' kplug buffer alloc "$edu" big 512M --dma-bits 28
run_fails 1 'mask|bits' 'buffer alloc: a DMA mask that the device cannot do' kplug buffer alloc s0 m 4096 --dma-bits 40
run_fails 1 'IOMMU' 'buffer alloc: paged without an IOMMU' kplug buffer alloc s0 p 4096 --kind paged
is "$(kplug buffer list --json | jq length)" 1 'nothing is left of what failed'
is "$(kplug buffer holders "$edu" edu --json | jq length)" 0 'buffer holders: nobody but the device'
run_fails 1 'no buffer of this name' 'buffer holders: no such buffer' kplug buffer holders "$edu" none
runs 'buffer alloc: mode and group' kplug buffer alloc s0 shared 4096 --mode 0640 --group mail
like "$(kplug buffer list s0)" '0640 +root +mail' 'buffer list shows them'
run_fails 2 'mode' 'buffer alloc: a bad mode' kplug buffer alloc s0 m 4096 --mode 0755
run_fails 2 'group' 'buffer alloc: an unknown group' kplug buffer alloc s0 m 4096 --group no-such-group
runs 'buffer free: mode and group' kplug buffer free s0 shared
runs 'buffer fill' kplug buffer fill "$edu" edu --pattern count --offset 256 --length 256
is "$(kplug buffer dump "$edu" edu --offset 255 --length 3 --raw | od -An -tx1)" ' 00 00 01' 'buffer dump'
run_fails 1 'offset|past|range' 'buffer dump: past the end' kplug buffer dump "$edu" edu --offset 64K --length 1
run_fails 1 'nosuch' 'buffer free: unknown' kplug buffer free "$edu" nosuch
bpftool map dump name edu >/tmp/dump && like "$(head -c 4000 /tmp/dump)" '01 02 03|"0x01"' 'bpftool map dump shows the bytes'

# Plugin files.
run_fails 1 '/nosuch.bpf.o' 'plugin load: no such file' kplug plugin load "$edu" /nosuch.bpf.o
run_fails 1 'passwd.*(ELF|not an object)' 'plugin load: not ELF' kplug plugin load "$edu" /etc/passwd
run_fails 1 'true: .*(BPF|metadata)' 'plugin load: ELF, but no BPF' kplug plugin load "$edu" /usr/bin/true
run_fails 1 'hook' 'plugin load: no hooks' kplug plugin load "$edu" "$KPLUG_TEST/cli_nohooks.bpf.o"
run_fails 1 'API.*99|99.*API' 'plugin load: wrong API version' kplug plugin load "$edu" "$KPLUG_TEST/cli_otherapi.bpf.o"
run_fails 1 '10ee:7024.*1234:11e8|1234:11e8.*10ee:7024' 'plugin load: another device' \
	kplug plugin load "$edu" "$KPLUG_TEST/cli_otherdev.bpf.o"
runs '... unless forced' kplug plugin load "$edu" "$KPLUG_TEST/cli_otherdev.bpf.o" --force
like "$(kplug call "$edu" 1)" 7 '... and it answers'
run_fails 1 'the device has a plugin; unload it first' 'plugin load: one runs already' kplug plugin load "$edu" "$KPLUG_BPF/edu.bpf.o"
runs 'plugin unload' kplug plugin unload "$edu"
run_fails 1 'no plugin|none' 'plugin unload: none' kplug plugin unload "$edu"
run_fails 1 'unbounded memory access|bounds check' "plugin load: the verifier's reason is shown" \
	kplug plugin load "$edu" "$KPLUG_TEST/cli_refused.bpf.o"
runs 'buffer alloc: small' kplug buffer alloc s0 small 4096
run_fails 1 '65536.*4096' 'plugin load: the buffer is smaller than the struct' kplug plugin load s0 "$KPLUG_BPF/edu.bpf.o"
runs 'buffer free' kplug buffer free s0 small
runs 'buffer alloc: large' kplug buffer alloc s0 large 128K
runs 'plugin load: a larger buffer is fine' kplug plugin load s0 "$KPLUG_BPF/edu.bpf.o"
runs 'plugin load' kplug plugin load "$edu" "$KPLUG_BPF/edu.bpf.o"
like "$(kplug buffer holders "$edu" edu)" 'program +[0-9]+ +[a-z_]+ +map' "buffer holders: the plugin's programs"
is "$(kplug buffer holders "$edu" edu --json | jq -r 'map(keys | join(" ")) | unique | join(",")')" 'name prog_id' \
	'... and as JSON'
is "$(kplug plugin list --json | jq -r 'map(.name) | unique | join(" ")')" edu 'plugin list'
is "$(kplug plugin info "$KPLUG_BPF/edu.bpf.o" --json | jq -r .buffer_size)" 65536 'plugin info'
su_load() { setpriv --reuid 65534 --regid 65534 --clear-groups kplug plugin load "$edu" "$KPLUG_BPF/edu.bpf.o"; }
run_fails 1 "$edu.*(denied|permission|right)" 'no privilege: cannot open' su_load
chmod 666 "/dev/kplug/$edu"
run_fails 1 'CAP_BPF|privilege|capabilit' 'no privilege: cannot load' su_load

# Calls, registers, interrupts.
like "$(kplug call "$edu" 1)" 100 'call: the version'
run_fails 1 'ENOSYS' 'call: refused by the plugin' kplug call "$edu" 99
is "$(kplug reg read "$edu" 0 0)" 0x010000ed 'reg read'
runs 'reg write' kplug reg write "$edu" 0 4 0x12345678
is "$(kplug reg read "$edu" 0 4)" 0xedcba987 'reg read: what was written, inverted'
run_fails 1 'BAR' 'reg read: outside of the BAR' kplug reg read "$edu" 0 0x100000
run_fails 1 'multiple|aligned' 'reg read: misaligned' kplug reg read "$edu" 0 2
run_fails 1 'no interrupt|timed out|nothing came' 'irq wait: nothing comes' kplug irq wait "$edu" --timeout 50
kplug irq wait s0 --timeout 20000 --json >/tmp/record &
waiting=$!
# Once it has enabled the vector, a trigger is answered.
for _ in {1..100}; do
	[ "$(kplug irq list s0 --json | jq '.[0].users')" = 1 ] && break
	sleep 0.1
done
runs 'irq trigger' kplug reg write s0 0 0x60 1
wait "$waiting"
is "$? $(jq -r .vector /tmp/record)" '0 0' 'irq wait: one comes'
run_fails 1 'vector' 'irq trigger: no such vector' kplug irq trigger s0 4

# The program in libkplug(3), as it stands there.
runs 'soft create soft0' kplug soft create soft0
like "$(cd "$KPLUG_BPF" && ../tests/vm/rig/tool/man_example 2>&1)" '^answer 100, interrupt 1, first byte 1$' "the manual page's program"
runs 'soft delete soft0' kplug soft delete soft0

# A pin outlives the buffer.
runs 'pinned by bpftool' bpftool map pin name edu /sys/fs/bpf/edu
runs 'plugin unload' kplug plugin unload "$edu"
runs 'buffer free: a pin holds the memory' kplug buffer free "$edu" edu
is "$(kplug buffer list "$edu" --json | jq length)" 0 '... but the buffer is gone'
runs '... and the memory is there' bpftool map dump pinned /sys/fs/bpf/edu
rm /sys/fs/bpf/edu
runs 'plugin unload' kplug plugin unload s0
runs 'buffer free' kplug buffer free s0 large
runs 'soft delete' kplug soft delete s0
runs 'unbind' kplug unbind "$edu"

# The other way to give it devices: all of one kind.
echo 1234 11e8 >/sys/bus/pci/drivers/kplug/new_id
is "$(kplug list --json | jq -r 'map(.name) | join(" ")')" "$KPLUG_EDU" 'new_id binds every device of these ids'
echo 1234 11e8 >/sys/bus/pci/drivers/kplug/remove_id
for dev in $KPLUG_EDU; do
	runs "... and unbind takes $dev" kplug unbind "$dev"
done
plan
