// SPDX-License-Identifier: GPL-2.0-only
/* Raises and counts the software device's interrupts; wakes for some and holds others back, with a wake-up at last. */
#include "kplug.bpf.h"
#include "irq_batch.h"

KPLUG_PLUGIN("irq_batch", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

#define SOFT_RAISE 0xa0

static struct batch_counts counts;
static bool each_wakes;

static void raise(struct kplug_event *ev)
{
	u32 i, vector;

	for (i = 0; i < BATCH_RAISES; i++)
		for (vector = 0; vector < BATCH_VECTORS; vector++)
			kplug_write32(ev, 0, SOFT_RAISE, vector);
}

KPLUG_HOOK(call)
{
	struct batch_counts *out = (void *)kplug_event_data(ev, 0, sizeof(*out));

	if (ev->message == BATCH_RAISE) {
		raise(ev);
		kplug_answer(ev, 0, 0, 0);
	} else if (ev->message == BATCH_COUNTS && out) {
		*out = counts;
		kplug_answer(ev, 0, 0, 0);
	} else if (ev->message == BATCH_EACH_WAKES) {
		each_wakes = true;
		kplug_answer(ev, 0, 0, 0);
	}
}

KPLUG_HOOK(interrupt)
{
	struct batch_data data = { .sequence = ev->sequence, .vector = ev->vector, .check = ~ev->vector };
	u32 vector = ev->vector, notify;

	if (vector >= BATCH_VECTORS)
		return;
	notify = each_wakes ? 1 : ev->sequence % 8 < 3 ? ev->sequence % 8 : 0;
	counts.interrupts[vector]++;
	counts.notify[vector] += notify;
	counts.held[vector] += !notify;
	kplug_attach(ev, &data, sizeof(data));
	if (!notify)
		kplug_wake_after(ev, 20000000);
	kplug_answer(ev, 0, KPLUG_MINE, notify);
}
