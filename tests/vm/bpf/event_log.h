/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/event_log.bpf.c records for its tests. */
#ifndef EVENT_LOG_H
#define EVENT_LOG_H

#define WATCH_MAX 64
#define WATCH_RESULT 4711 /* its answer to a call, if it may answer */

struct watch {
	__u64 count; /* events; those beyond WATCH_MAX are only counted */
	struct {
		__u32 hook, device, vector, message, flags;
		__s32 error; /* call: of kplug_answer() */
		__u64 count, file;
		__s64 result;
	} seen[WATCH_MAX]; /* before watch answered */
};

#endif /* EVENT_LOG_H */
