// SPDX-License-Identifier: GPL-2.0-only
/* Leaves calls pending, and completes them in other calls or in the interrupt hook. For cases/plugin/pending.c. */
#include "kplug.bpf.h"
#include "pending.h"

KPLUG_PLUGIN("pending", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

u64 tags[SLOTS];
u64 in_interrupt; /* what kplug_call_pend() said there */

static int finish(struct kplug_event *ev, u64 tag, u32 slot)
{
	u32 reply = REPLY;

	kplug_call_reply(ev, tag, 4, &reply, sizeof(reply));
	return kplug_call_complete(ev, tag, RESULT(slot));
}

static s64 two_others(struct kplug_event *ev, u64 tag)
{
	return kplug_call_complete(ev, tag + (1ULL << 32), 0) + kplug_call_complete(ev, tag + 1, 0) +
	       kplug_call_complete(ev, tag | 0xffffffff, 0) + kplug_call_complete(ev, 0, 0);
}

static s64 outside(struct kplug_event *ev, u64 tag)
{
	u32 reply = REPLY;

	return kplug_call_reply(ev, tag, 5, &reply, sizeof(reply)) +
	       kplug_call_reply(ev, tag, 0xffffffff, &reply, sizeof(reply));
}

KPLUG_HOOK(call)
{
	struct pending_data *data = (void *)kplug_event_data(ev, 0, sizeof(*data));
	u64 tag;
	u32 slot;

	if (!data)
		return;
	slot = data->slot;
	if (slot >= SLOTS)
		return;
	switch (ev->message) {
	case WAIT:
		tag = kplug_call_pend(ev);
		tags[slot] = tag;
		if (!tag)
			kplug_answer(ev, -EBUSY, 0, 0);
		break;
	case IS_KEPT:
		kplug_answer(ev, tags[slot] != 0, 0, 0);
		break;
	case COMPLETE:
		kplug_answer(ev, finish(ev, tags[slot], slot), 0, 0);
		break;
	case COMPLETE_OTHER:
		kplug_answer(ev, two_others(ev, tags[slot]), 0, 0);
		break;
	case REPLY_OUTSIDE:
		kplug_answer(ev, outside(ev, tags[slot]), 0, 0);
		break;
	case AT_ONCE:
		finish(ev, kplug_call_pend(ev), slot);
		break;
	case TWICE:
		kplug_call_complete(ev, kplug_call_pend(ev), kplug_call_pend(ev));
		break;
	case ANSWER:
		tags[slot] = kplug_call_pend(ev);
		kplug_answer(ev, 9, 0, 0);
		break;
	}
}

KPLUG_HOOK(interrupt)
{
	u32 slot;

	in_interrupt = kplug_call_pend(ev);
	for (slot = 0; slot < BY_INTERRUPT; slot++)
		if (tags[slot])
			finish(ev, tags[slot], slot);
	kplug_attach(ev, &in_interrupt, sizeof(in_interrupt));
	kplug_answer(ev, 0, KPLUG_MINE, 1);
}
