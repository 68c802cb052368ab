// SPDX-License-Identifier: GPL-2.0-only
/* Test object: metadata, and no hook. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("nohooks", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

u64 not_a_hook;
