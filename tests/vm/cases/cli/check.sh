#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# shows: cli:plugin-check cli:plugin-info cli:plugin-show cli:plugin-swap lib/plugin/check.c
# timeout: 120
# kplug plugin check: what the verifier says of a plugin that is not loaded, compared with bpftool.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

# value FILE PROGRAM KEY
value() { jq -c ".programs[] | select(.program == \"$2\") | .$3" "$1"; }

runs 'check of a good one' kplug plugin check "$KPLUG_BPF/edu.bpf.o"
kplug plugin check "$KPLUG_BPF/edu.bpf.o" --json >/tmp/edu
is "$(jq -r '[.programs[].program] | join(" ")' /tmp/edu)" 'close call interrupt deferred event' 'a part for each hook'
is "$(value /tmp/edu interrupt kfuncs)" '["kplug_reg_read","kplug_reg_write","kplug_answer"]' 'kernel functions by name'
is "$(value /tmp/edu deferred helpers)" '["bpf_ktime_get_ns"]' 'helpers by name'
like "$(value /tmp/edu interrupt maps)" '^\["\.bss(\.kplug)?","\.bss(\.kplug)?"\]$' 'maps by name'
is "$(jq -c '[.programs[].warnings[]]' /tmp/edu)" '[]' 'no warnings'
is "$(value /tmp/edu interrupt 'longest > 10 and .longest <= .instructions')" true 'longest path'
is "$(bpftool prog show --json | jq '[.[] | select(.type == "tracing")] | length')" 0 'nothing stays loaded'

runs 'check of one with an arena' kplug plugin check "$KPLUG_BPF/list.bpf.o"
is "$(kplug plugin check "$KPLUG_BPF/list.bpf.o" --json | jq -c '[.programs[].warnings[]]')" '[]' '... no warnings'
is "$(kplug plugin info "$KPLUG_BPF/list.bpf.o" --json | jq -r .buffer_size)" 4096 '... which has whole pages'

# The same figures from the kernel, by another way.
kplug soft create c0
kplug buffer alloc c0 edu 64K
kplug plugin load c0 "$KPLUG_BPF/edu.bpf.o"
id=$(kplug plugin show c0 --json | jq -r .prog_ids.interrupt)
tag=$(kplug plugin show c0 --json | jq -r '.programs[] | select(.hook == "interrupt") | .tag')
bpftool prog show id "$id" --json >/tmp/prog
is "$tag" "$(jq -r .tag /tmp/prog)" 'plugin show: the tag'
is "$(kplug plugin show c0 --json | jq -c '.programs[] | select(.hook == "interrupt") | .map_ids')" \
	"$(jq -c .map_ids /tmp/prog)" 'plugin show: the maps'
is "$(kplug plugin show c0 --json | jq -r .buffer)" edu 'plugin show: the buffer'
is "$(kplug plugin show c0 --json | jq .pinned)" null 'plugin show: not pinned'
like "$(kplug plugin show c0)" '^pinned +no$' '... in text, too'
kplug plugin swap c0 "$KPLUG_BPF/edu.bpf.o" --pin
is "$(kplug plugin show c0 --json | jq -r .pinned)" /sys/fs/bpf/kplug/c0 'plugin show: where it is pinned'
like "$(kplug plugin show c0)" '^pinned +/sys/fs/bpf/kplug/c0$' '... in text, too'
chmod 666 /dev/kplug/c0
like "$(setpriv --reuid 65534 --regid 65534 --clear-groups kplug plugin show c0)" '^pinned +unknown$' '... without the right to look'
chmod 600 /dev/kplug/c0
kplug plugin unload c0
kplug buffer free c0 edu
kplug soft delete c0

# What it warns of.
kplug plugin check "$KPLUG_TEST/check_warnings.bpf.o" --json >/tmp/warn
like "$(value /tmp/warn interrupt warnings)" 'unrelated task' 'warns of bpf_send_signal'
like "$(value /tmp/warn call warnings)" 'outlive the plugin' 'warns of a timer'
is "$(value /tmp/warn event warnings)" '[]' '... and of nothing else'
is "$(value /tmp/warn event instructions)" 7 'instructions of a known program'
is "$(value /tmp/warn event longest)" 6 '... and those on its longest path'
is "$(value /tmp/warn call longest)" null 'a callback: the longest path is not known'
is "$(value /tmp/warn deferred instructions)" 4 'instructions of a loop'
is "$(value /tmp/warn deferred longest)" null '... whose longest path is not known'
like "$(kplug plugin check "$KPLUG_TEST/check_warnings.bpf.o")" 'warning +it can act on an unrelated task' 'warns in text, too'

# What it refuses.
run_fails 1 'hook call is refused by the verifier:' 'a refusal names the hook' \
	kplug plugin check "$KPLUG_TEST/cli_refused.bpf.o"
run_fails 1 '; .*@ cli_refused.bpf.c:[0-9]+' '... and the source line' kplug plugin check "$KPLUG_TEST/cli_refused.bpf.o"
run_fails 1 'unbounded memory access|bounds check' '... and the reason' kplug plugin check "$KPLUG_TEST/cli_refused.bpf.o"
run_fails 1 'no such file' 'no such file' kplug plugin check /nosuch.bpf.o
no_caps() { setpriv --reuid 65534 --regid 65534 --clear-groups kplug plugin check "$KPLUG_BPF/edu.bpf.o"; }
run_fails 1 'CAP_BPF' 'no privilege' no_caps
plan
