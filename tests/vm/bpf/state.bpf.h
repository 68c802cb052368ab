/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plugin that knows something, in versions whose maps differ: cases/plugin/state.c. Each defines VERSION and what
 * differs. The name of the map is longer than what the kernel keeps of it.
 */
#include "kplug.bpf.h"
#include "state.h"

#ifndef MAP_TYPE
#define MAP_TYPE BPF_MAP_TYPE_HASH
#endif
#ifndef ENTRIES
#define ENTRIES 4
#endif
#ifndef KEY
#define KEY u32
#endif
#ifndef FLAGS
#define FLAGS 0
#endif
#ifndef VALUE
struct count {
	u64 calls;
	u64 spare;
};
#define VALUE struct count
#endif

KPLUG_PLUGIN("state", VERSION, KPLUG_ANY_ID, KPLUG_ANY_ID);

#ifndef NO_MAP
struct {
	__uint(type, MAP_TYPE);
	__uint(max_entries, ENTRIES);
	__uint(map_flags, FLAGS);
	__type(key, KEY);
	__type(value, VALUE);
} counts_of_messages SEC(".maps");
#endif

u64 total; /* .bss */
#ifdef MORE_GLOBALS
u64 more;
#endif
u64 step = 1; /* .data */
const volatile char version = VERSION[0]; /* .rodata */

static s64 count(void)
{
#ifndef NO_MAP
	VALUE first = {}, *value;
	KEY key = 0;

	value = bpf_map_lookup_elem(&counts_of_messages, &key);
	if (!value) {
		bpf_map_update_elem(&counts_of_messages, &key, &first, BPF_ANY);
		value = bpf_map_lookup_elem(&counts_of_messages, &key);
	}
	if (!value)
		return -ENOENT;
	value->calls++;
#endif
	total += step;
#ifdef MORE_GLOBALS
	more++;
#endif
	return total;
}

static s64 counted(void)
{
#ifndef NO_MAP
	KEY key = 0;
	VALUE *value = bpf_map_lookup_elem(&counts_of_messages, &key);

	return value ? value->calls : 0;
#else
	return 0;
#endif
}

KPLUG_HOOK(call)
{
	s64 result = -ENOSYS;

	if (ev->message == STATE_COUNT)
		result = count();
	else if (ev->message == STATE_COUNTED)
		result = counted();
	else if (ev->message == STATE_TOTAL)
		result = total;
	else if (ev->message == STATE_STEP)
		result = step = ev->size ?: step;
	else if (ev->message == STATE_VERSION)
		result = version - '0';
	kplug_answer(ev, result, 0, 0);
}

KPLUG_HOOK(interrupt)
{
	kplug_answer(ev, 0, KPLUG_MINE, 1);
}
