#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints a whole SELinux policy, for the machine "selinux". What it does not define (files, sockets, ...) is allowed by
# checkpolicy -U allow. All start as owner_t, who may do everything with maps and programs; reader_t may read the owner's
# maps; other_t may do nothing.
set -eu

# The kernel's initial SIDs, in its order; it no longer uses the nameless ones.
sids=(kernel security unlabeled u4 file u6 init any_socket port netif netmsg node u{13..26} devnull)

echo 'class process class bpf'
printf 'sid %s\n' "${sids[@]}"
cat <<'END'
class process { transition dyntransition }
class bpf { map_create map_read map_write prog_load prog_run }
type owner_t;
type reader_t;
type other_t;
role base_r;
role base_r types { owner_t reader_t other_t };
allow owner_t { owner_t reader_t other_t }:process { transition dyntransition };
allow owner_t owner_t:bpf { map_create map_read map_write prog_load prog_run };
allow reader_t owner_t:bpf map_read;
user user_u roles { base_r };
END
printf 'sid %s user_u:base_r:owner_t\n' "${sids[@]}"
