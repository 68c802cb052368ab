// SPDX-License-Identifier: GPL-2.0-only
/* A plugin whose programs cases/whole/fuzz_bpf.c replaces. */
#include "replaceable.h"

char LICENSE[] SEC("license") = "GPL";

PROGRAM("tp_btf/kplug_open", open)
PROGRAM("tp_btf/kplug_close", close)
PROGRAM("tp_btf/kplug_call", call)
PROGRAM("tp_btf/kplug_int_enable", int_enable)
PROGRAM("tp_btf/kplug_int_disable", int_disable)
PROGRAM("tp_btf/kplug_interrupt", interrupt)
PROGRAM("tp_btf/kplug_deferred", deferred)
PROGRAM("tp_btf/kplug_event", event)
