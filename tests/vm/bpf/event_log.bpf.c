// SPDX-License-Identifier: GPL-2.0-only
/* Records every event of every device, and tries to answer calls. For cases/plugin/bpf_links.c and others. */
#include "kplug.bpf.h"
#include "event_log.h"

char LICENSE[] SEC("license") = "GPL";

struct watch watch;

static void write_down(struct kplug_event *ev)
{
	u64 i = __sync_fetch_and_add(&watch.count, 1);

	if (i >= WATCH_MAX)
		return;
	watch.seen[i].hook = ev->hook;
	watch.seen[i].device = ev->device;
	watch.seen[i].vector = ev->vector;
	watch.seen[i].message = ev->message;
	watch.seen[i].flags = ev->flags;
	watch.seen[i].count = ev->count;
	watch.seen[i].file = ev->file;
	watch.seen[i].result = ev->result;
	if (ev->hook == KPLUG_HOOK_CALL)
		watch.seen[i].error = kplug_answer(ev, WATCH_RESULT, 0, 0);
}

KPLUG_HOOK(open)
{
	write_down(ev);
}
KPLUG_HOOK(close)
{
	write_down(ev);
}
KPLUG_HOOK(call)
{
	write_down(ev);
}
KPLUG_HOOK(int_enable)
{
	write_down(ev);
}
KPLUG_HOOK(int_disable)
{
	write_down(ev);
}
KPLUG_HOOK(interrupt)
{
	write_down(ev);
}
KPLUG_HOOK(deferred)
{
	write_down(ev);
}
KPLUG_HOOK(event)
{
	write_down(ev);
}
