// SPDX-License-Identifier: GPL-2.0-only
/* Calls kfuncs at and past their bounds. For cases/plugin/kfunc_bounds.c. */
#include "kplug.bpf.h"
#include "kfunc_bounds.h"

KPLUG_PLUGIN("kfunc_bounds", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

#define LATEST 10000000000ULL /* ns */

struct kfunc_bounds bounds;

KPLUG_HOOK(interrupt)
{
	u8 bytes[KPLUG_ATTACH_MAX + 8] = { 0x5a };

	bounds.attach_more = kplug_attach(ev, bytes, KPLUG_ATTACH_MAX + 1);
	bounds.attach_all = kplug_attach(ev, bytes, KPLUG_ATTACH_MAX);
	bounds.wake_never = kplug_wake_after(ev, 0);
	bounds.wake_later = kplug_wake_after(ev, LATEST + 1);
	bounds.wake_latest = kplug_wake_after(ev, LATEST);
	bounds.wake_soonest = kplug_wake_after(ev, 1);
	bounds.answer_bad_flag = kplug_answer(ev, 0, KPLUG_QUIET << 1, 0);
	bounds.answer_flags = kplug_answer(ev, 0, KPLUG_MINE | KPLUG_DEFER | KPLUG_FORWARD, 0);
	bounds.answer_quiet = kplug_answer(ev, 0, KPLUG_QUIET, 0);
	__sync_fetch_and_add(&bounds.runs, 1);
}

KPLUG_HOOK(call)
{
	u8 byte = 0;

	bounds.attach_in_call = kplug_attach(ev, &byte, 1);
	bounds.wake_in_call = kplug_wake_after(ev, 1);
	kplug_answer(ev, 0, 0, 0);
}
