#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# shows: cli:plugin-set cli:irq-enable cli:irq-trigger cli:irq-list cli:irq-latency kmod/plugin/kfuncs.c
# shows: kmod/irq/reader.c bpf/coalesce.bpf.c
# coalesce.bpf.c with its settings changed while it runs, and what kplug irq latency tells.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

setting() { kplug plugin set s0 --json | jq -r ".[] | select(.setting == \"$1\") | .$2"; }
wakeups() { kplug irq list s0 --json | jq '.[0].wakeups'; }

runs 'soft create' kplug soft create s0
run_fails 1 'no plugin' 'settings without a plugin' kplug plugin set s0
runs 'plugin load' kplug plugin load s0 "$KPLUG_BPF/coalesce.bpf.o"
is "$(setting events value) $(setting events type) $(setting events min) $(setting events max)" '16 u32 1 1000000' 'what can be set'
is "$(kplug plugin set s0 | wc -l)" 3 '... as a table'

# Wrong type, range, name.
run_fails 2 "events 'many' is not a number" 'a setting that is no number' kplug plugin set s0 events=many
run_fails 2 "'events' is not KEY=VALUE" 'no value' kplug plugin set s0 events
run_fails 1 'events: 0 is not within 1..1000000' 'below the range' kplug plugin set s0 events=0
run_fails 1 'events: -1 is not within' 'negative' kplug plugin set s0 events=-1
run_fails 1 'events: 1000001 is not within' 'above the range' kplug plugin set s0 events=1000001
run_fails 1 'no setting nosuch; kplug plugin set s0 lists them' 'unknown setting' kplug plugin set s0 nosuch=1
is "$(setting events value)" 16 'none of them has changed it'

# After so many: 100 interrupts in tens, the time being out of reach.
kplug irq enable s0 0 >/tmp/enabled &
holder=$!
for _ in {1..100}; do [ -s /tmp/enabled ] && break; sleep 0.1; done
runs 'set two' kplug plugin set s0 events=10 usecs=10000000
before=$(wakeups)
for _ in {1..30}; do kplug irq trigger s0 0; done
is $(($(wakeups) - before)) 3 'a wake-up for each ten interrupts'

# After so long: one interrupt is not kept waiting for nine others.
runs 'set the time' kplug plugin set s0 usecs=1000
kplug irq trigger s0 0
for _ in {1..100}; do [ $(($(wakeups) - before)) = 4 ] && break; sleep 0.1; done
is $(($(wakeups) - before)) 4 'a wake-up when the time is up'
sleep 0.3
is $(($(wakeups) - before)) 4 '... once'

# Each one.
runs 'set to each' kplug plugin set s0 events=1
latency=$(kplug irq latency s0 --count 50 --json)
is "$(jq '.interrupt_to_plugin.count, .deferred_to_program.count' <<<"$latency" | paste -sd' ')" '50 50' 'irq latency'
is "$(jq '[.interrupt_to_plugin.buckets[].count] | add' <<<"$latency")" 50 '... its buckets hold all'
is "$(jq '.interrupt_to_plugin | .p50_ns <= .p99_ns and .p99_ns <= .p999_ns and .p999_ns <= .max_ns and .max_ns > 0' <<<"$latency")" true \
	'... its percentiles are in order'
is "$(jq .plugin_to_deferred <<<"$latency")" null '... null where no deferred hook runs'
like "$(kplug irq latency s0 --count 50)" 'interrupt to plugin: p50 [0-9]+ p99 [0-9]+ p99.9 [0-9]+ max [0-9]+ ns' '... as text'
run_fails 1 'no interrupt of vector 0 within 50 ms' '... nothing comes' kplug irq latency s0 --listen --timeout 50
run_fails 2 'count' '... no samples' kplug irq latency s0 --count 0

kill $holder
wait $holder
is $? 0 'irq enable ends'
runs 'plugin load: no settings' bash -c "kplug plugin unload s0 && kplug plugin load s0 $KPLUG_TEST/irq_modes.bpf.o"
is "$(kplug plugin set s0 --json)" '[]' 'a plugin without settings'
runs 'soft delete' kplug soft delete s0
plan
