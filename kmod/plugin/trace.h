/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks as tracepoints. hook.c fires them; a plugin's program, perf, ftrace and bpftrace attach here. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kplug

#if !defined(KPLUG_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KPLUG_TRACE_H

#include <linux/tracepoint.h>

#include "plugin/event.h"

DECLARE_EVENT_CLASS(kplug_event,
	TP_PROTO(struct kplug_event *ev),
	TP_ARGS(ev),
	TP_STRUCT__entry(
		__field(u32, device)
		__field(u32, vector)
		__field(u32, message)
		__field(u32, size)
		__field(u64, sequence)
		__field(u64, count)
		__field(s64, result)
		__field(u32, flags)
		__field(u32, notify)
	),
	TP_fast_assign(
		__entry->device = ev->device;
		__entry->vector = ev->vector;
		__entry->message = ev->message;
		__entry->size = ev->size;
		__entry->sequence = ev->sequence;
		__entry->count = ev->count;
		__entry->result = ev->result;
		__entry->flags = ev->flags;
		__entry->notify = ev->notify;
	),
	TP_printk("device=%u vector=%u message=%u size=%u sequence=%llu count=%llu result=%lld flags=%#x notify=%u",
		  __entry->device, __entry->vector, __entry->message, __entry->size, __entry->sequence,
		  __entry->count, __entry->result, __entry->flags, __entry->notify)
);

#define KPLUG_TRACE(hook, HOOK) \
	DEFINE_EVENT(kplug_event, kplug_##hook, TP_PROTO(struct kplug_event *ev), TP_ARGS(ev));
KPLUG_HOOKS(KPLUG_TRACE)

#endif /* KPLUG_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH plugin
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
