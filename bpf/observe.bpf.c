// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows the events of one device with their answers, next to whatever plugin it has: no plugin itself, but programs
 * that are attached to the tracepoints by links, as perf and bpftrace are. Any number may look on.
 *
 *   kplug plugin observe DEV
 *
 * It costs each event of every device a comparison, and its own device's a record in a ring buffer of 256 KiB. What
 * finds no room is counted, not waited for.
 */
#include "kplug.bpf.h"
#include "observe.h"

char LICENSE[] SEC("license") = "GPL";

const volatile u32 device; /* number of the one to look at; set before loading */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} records SEC(".maps");

u64 lost;

static void tell(const struct kplug_event *ev)
{
	struct observe_record *r;

	if (ev->device != device)
		return;
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	r->hook = ev->hook;
	r->vector = ev->vector;
	r->message = ev->message;
	r->size = ev->size;
	r->pid = ev->pid;
	r->uid = ev->uid;
	r->flags = ev->flags;
	r->notify = ev->notify;
	r->result = ev->result;
	r->sequence = ev->sequence;
	r->count = ev->count;
	r->time = bpf_ktime_get_ns();
	bpf_ringbuf_submit(r, 0);
}

#define OBSERVE(hook)                                                                                                  \
	KPLUG_HOOK(hook)                                                                                               \
	{                                                                                                              \
		tell(ev);                                                                                              \
	}
OBSERVE(open)
OBSERVE(close)
OBSERVE(call)
OBSERVE(int_enable)
OBSERVE(int_disable)
OBSERVE(interrupt)
OBSERVE(deferred)
OBSERVE(event)
