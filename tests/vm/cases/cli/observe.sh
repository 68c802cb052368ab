#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# shows: cli:plugin-observe hook:call hook:int_enable hook:interrupt hook:deferred hook:event
# shows: kmod/plugin/hook.c lib/plugin/observe.c
# timeout: 120
# kplug plugin observe: two look on at a device with its plugin; what they see is its events, and nobody else's.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

object=$KPLUG_BPF/observe.bpf.o
observe() { kplug -v plugin observe "$1" --object "$object" --timeout 30000 "${@:2}"; }
# until FILE REGEX: for ten seconds at most
until_like()
{
	for _ in {1..100}; do
		grep -Eq "$2" "$1" && return
		sleep 0.1
	done
	false
}

kplug soft create o0 && kplug soft create other
kplug buffer alloc o0 edu 64K
kplug plugin load o0 "$KPLUG_BPF/edu.bpf.o"
observe o0 --json >/tmp/first 2>/tmp/first.err &
first=$!
observe o0 --count 2 >/tmp/second 2>/tmp/second.err &
second=$!
runs 'the first is attached' until_like /tmp/first.err 'o0: observing'
runs 'the second is attached' until_like /tmp/second.err 'o0: observing'
kplug call other 5 2>/dev/null
runs 'a call' kplug call o0 1
run_fails 1 ENOSYS 'a call that is refused' kplug call o0 99
kplug irq wait o0 --timeout 20000 >/tmp/record &
waiting=$!
until_like /tmp/first '"int_enable"'
kplug reg write o0 0 0x60 1
wait "$waiting"
is $? 0 'an interrupt'
runs 'deletion of the device' kplug soft delete o0
wait "$first"
is $? 0 'the first ends with the device'
wait "$second"
is $? 0 'the second ends after two events'

# hook NAME KEY: of its first event
hook() { jq -rs "[.[] | select(.hook == \"$1\")][0].$2" /tmp/first; }
is "$(jq -rs '[.[] | select(.hook == "call") | .message] | join(" ")' /tmp/first)" '1 99' 'sees the calls of its device only'
is "$(jq -rs '[.[] | select(.hook == "call") | .result] | join(" ")' /tmp/first)" '100 -38' '... with their answers'
is "$(hook interrupt vector) $(hook interrupt sequence) $(hook interrupt 'flags | join(",")')" '0 1 mine,defer' 'sees the interrupt'
is "$(hook deferred count) $(hook deferred notify)" '1 1' 'sees what was deferred'
is "$(jq -rs '.[-1] | .hook' /tmp/first)" event 'sees the removal'
is "$(wc -l </tmp/second)" 2 'text: a line an event'
like "$(</tmp/second)" '^[0-9]+\.[0-9]{9} (open|call|close) ' '... that begins with its time and hook'
run_fails 1 '/nosuch: .*no such file' 'no such object' kplug plugin observe other --object /nosuch
run_fails 1 'no event within 10 ms' 'nothing comes' kplug plugin observe other --object "$object" --timeout 10
run_fails 1 'edu.bpf.o: cannot observe' 'another object' kplug plugin observe other --object "$KPLUG_BPF/edu.bpf.o"
kplug soft delete other
plan
