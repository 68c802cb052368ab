// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>

#include "cli.h"
#include "output/output.h"

#ifndef KPLUG_DATADIR
#define KPLUG_DATADIR "/usr/local/share/kplug"
#endif

#define BATCH 64

static const struct {
	uint32_t flag;
	const char *name;
} flags[] = { { KPLUG_MINE, "mine" }, { KPLUG_DEFER, "defer" }, { KPLUG_FORWARD, "forward" } };
#define FLAGS (sizeof(flags) / sizeof(*flags))

static void print_flags(uint32_t bits)
{
	for (size_t i = 0; i < FLAGS; i++)
		if (bits & flags[i].flag)
			printf(" %s", flags[i].name);
}

static void print_event(const struct kplug_observed *e)
{
	printf("%" PRIu64 ".%09" PRIu64 " %s", e->time / 1000000000, e->time % 1000000000, kplug_hook_name(e->hook));
	switch (e->hook) {
	case KPLUG_HOOK_INTERRUPT:
	case KPLUG_HOOK_DEFERRED:
		printf(" vector %u sequence %" PRIu64, e->vector, e->sequence);
		if (e->hook == KPLUG_HOOK_DEFERRED)
			printf(" count %" PRIu64, e->count);
		print_flags(e->flags);
		printf(" notify %u\n", e->notify);
		return;
	case KPLUG_HOOK_EVENT:
		printf(" %s", event_name(e->message));
		print_flags(e->flags);
		putchar('\n');
		return;
	case KPLUG_HOOK_CALL:
		printf(" message %u bytes %u", e->message, e->size);
		break;
	case KPLUG_HOOK_INT_ENABLE:
	case KPLUG_HOOK_INT_DISABLE:
		printf(" vector %u bytes %u", e->vector, e->size);
		break;
	default:
		break;
	}
	printf(" pid %u uid %u result %" PRId64 "\n", e->pid, e->uid, e->result);
}

static void print_event_json(const struct kplug_observed *e)
{
	cJSON *o = json_object(), *names = json_array();

	json_string(o, "hook", kplug_hook_name(e->hook));
	json_unsigned(o, "time_ns", e->time);
	json_unsigned(o, "vector", e->vector);
	json_unsigned(o, "message", e->message);
	json_unsigned(o, "size", e->size);
	json_unsigned(o, "pid", e->pid);
	json_unsigned(o, "uid", e->uid);
	json_unsigned(o, "sequence", e->sequence);
	json_unsigned(o, "count", e->count);
	json_signed(o, "result", e->result);
	for (size_t i = 0; i < FLAGS; i++)
		if (e->flags & flags[i].flag)
			json_append(names, cJSON_CreateString(flags[i].name));
	json_add(o, "flags", names);
	json_unsigned(o, "notify", e->notify);
	json_print_line(o, stdout);
}

static void warn_of_lost(const struct args *a, const struct kplug_observer *o, uint64_t *told)
{
	uint64_t lost = kplug_observer_lost(o);

	if (lost != *told)
		failed("%s: lost %" PRIu64 " events that came too fast", a->pos[0], lost - *told);
	*told = lost;
}

static int print_events(const struct args *a, struct kplug_observer *o)
{
	uint64_t left = has(a, OPT_COUNT) && a->num[OPT_COUNT] ? a->num[OPT_COUNT] : UINT64_MAX, told = 0;
	int timeout = has(a, OPT_TIMEOUT) ? (int)a->num[OPT_TIMEOUT] : -1;
	struct kplug_observed events[BATCH];
	size_t count, i;
	int err;

	while (left) {
		err = kplug_observer_wait(o, timeout, events, left < BATCH ? left : BATCH, &count);
		if (err == -EINTR)
			continue;
		if (err)
			return fail_lib(a->pos[0], err);
		left -= count;
		for (i = 0; i < count; i++) {
			if (has(a, OPT_JSON))
				print_event_json(&events[i]);
			else
				print_event(&events[i]);
			if (events[i].hook == KPLUG_HOOK_EVENT && events[i].message == KPLUG_EVENT_REMOVE)
				left = 0; /* the last event of a device */
		}
		warn_of_lost(a, o, &told);
		if (fflush(stdout))
			return failed("standard output: %m");
	}
	return CLI_DONE;
}

int plugin_observe(const struct args *a)
{
	const char *path = a->text[OPT_OBJECT];
	struct kplug_observer *o;
	struct kplug_device *dev;
	int ret;

	ret = open_device(a, true, &dev);
	if (ret)
		return ret;
	ret = kplug_observer_open(dev, path ? path : KPLUG_DATADIR "/plugins/observe.bpf.o", &o);
	kplug_device_close(dev); /* an open node would keep the device's module busy */
	if (ret)
		return fail_lib(a->pos[0], ret);
	if (is_verbose())
		fprintf(stderr, "kplug: %s: observing\n", a->pos[0]);
	ret = print_events(a, o);
	kplug_observer_close(o);
	return ret;
}
