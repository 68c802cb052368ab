// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records the events of one device with their answers. Not a plugin: its programs are attached to
 * the tracepoints by links, as those of perf and bpftrace, next to the device's plugin. Any number
 * of observers can run.
 *
 *   kplug plugin observe DEV
 *
 * Costs a comparison for each event of any device, and a record in a ring buffer of 256 KiB for
 * those of its device. If the ring is full, events are dropped and counted.
 */
#include "kplug.bpf.h"
#include "observe.h"

char LICENSE[] SEC("license") = "GPL";

const volatile u32 device; /* number of the device to observe; set before loading */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} records SEC(".maps");

u64 lost;

static void record_event(const struct kplug_event *ev)
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
		record_event(ev);                                                                                      \
	}
OBSERVE(open)
OBSERVE(close)
OBSERVE(call)
OBSERVE(int_enable)
OBSERVE(int_disable)
OBSERVE(interrupt)
OBSERVE(deferred)
OBSERVE(event)
