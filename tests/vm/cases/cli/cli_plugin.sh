#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# shows: cli:plugin-swap cli:plugin-rollback cli:plugin-clean cli:irq-list cli:irq-resume
# shows: kmod/plugin/plugin.c kmod/irq/watchdog.c
# kmsg: vector 0 is stopped
# The commands for a plugin's versions, for the pins that a removed device leaves, and for a vector that was stopped.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

pins=/sys/fs/bpf/kplug/v0
version() { kplug call v0 0; }
vector() { kplug irq list v0 --json | jq -r ".[0].$1"; }

runs 'soft create' kplug soft create v0
runs 'buffer alloc' kplug buffer alloc v0 swap 4096
runs 'plugin load' kplug plugin load v0 "$KPLUG_TEST/swap_1.bpf.o"
is "$(version)" 'result 1' 'version 1 runs'
run_fails 1 'v0: .*no version to roll back to' 'plugin rollback: nothing was swapped' kplug plugin rollback v0
runs 'plugin swap' kplug plugin swap v0 "$KPLUG_TEST/swap_2.bpf.o"
is "$(version)" 'result 2' 'version 2 runs'
runs 'plugin rollback' kplug plugin rollback v0
is "$(version)" 'result 1' 'version 1 runs again'
runs 'plugin rollback, once more' kplug plugin rollback v0
is "$(version)" 'result 2' 'version 2 runs again'
runs 'plugin unload' kplug plugin unload v0

# Over its time budget, again and again: message 4 of irq_modes.bpf.c.
runs 'a slow plugin' kplug plugin load v0 "$KPLUG_TEST/irq_modes.bpf.o"
run_fails 1 'not stopped' 'irq resume: it is not stopped' kplug irq resume v0 0
kplug irq enable v0 0 >/tmp/enabled &
holder=$!
for _ in {1..100}; do [ -s /tmp/enabled ] && break; sleep 0.1; done
kplug call v0 4
for _ in {1..10}; do
	kplug reg write v0 0 0x60 1
	[ "$(vector state)" = ok ] || break
done
is "$(vector state)" faulty 'the vector is stopped'
like "$(kplug irq list v0)" ' faulty$' '... irq list says in text, too'
runs 'irq resume' kplug irq resume v0 0
is "$(vector state)" ok '... and the vector goes on'
kill $holder
wait $holder
is $? 0 'irq enable ends'
runs 'plugin unload' kplug plugin unload v0

runs 'plugin load: pinned' kplug plugin load v0 "$KPLUG_TEST/swap_1.bpf.o" --pin
is "$(kplug plugin clean)" '0 pins removed' 'plugin clean leaves the pins of a plugin that runs'
runs 'soft delete' kplug soft delete v0
isnt "$(ls $pins 2>/dev/null)" '' '... leaves the pins of its plugin'
like "$(kplug plugin clean)" '^[1-9][0-9]* pins removed$' 'plugin clean removes them'
is "$(ls -d $pins 2>/dev/null)" '' '... and their folder'
plan
