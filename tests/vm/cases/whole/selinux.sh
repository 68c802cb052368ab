#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: selinux
# shows: cli:buffer-alloc cli:buffer-fill cli:buffer-dump kind:contiguous kmod/buffer/map.c
# timeout: 200
# kmsg: audit: type=
# SELinux enforces a policy (policy.sh) in which the map's owner may do all, a reader may read it, and others nothing.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"

# as TYPE COMMAND...
as() { (printf "user_u:base_r:%s" "$1" >/proc/self/attr/current && shift && exec "$@"); }

is "$(</sys/fs/selinux/enforce)" 1 'SELinux enforces'
is "$(as reader_t cat /proc/self/attr/current | tr -d '\0')" user_u:base_r:reader_t 'another domain can be entered'

runs 'a software device' kplug soft create soft0
runs 'a buffer' kplug buffer alloc soft0 rx 64K
id=$(kplug buffer list soft0 --json | jq '.[0].map_id')
runs 'the owner opens its map' bpftool map dump id "$id"
run_fails '[1-9][0-9]*' 'Permission denied' '... another does not' as other_t bpftool map dump id "$id"
denied='or by a security policy; run it as a user that they allow$'
policy='a security policy refuses it; open it for writing, or change the policy$'
run_fails 1 "rx on device soft0: .*$denied" '... nor through kplug' as other_t kplug buffer fill soft0 rx --byte 1
run_fails 1 "rx on device soft0: .*$denied" '... nor does a reader, to write' as reader_t kplug buffer fill soft0 rx --byte 1
run_fails 1 "tx of 65536 bytes on device soft0: .*$policy" 'another makes no buffer' as other_t kplug buffer alloc soft0 tx 64K
# By mmap() of the node, which needs no map: this is what the node's own label is for.
runs 'reading is up to the node' as other_t kplug buffer dump soft0 rx --length 16
runs 'the owner writes it' kplug buffer fill soft0 rx --byte 1
runs 'deleting the device' kplug soft delete soft0
plan
