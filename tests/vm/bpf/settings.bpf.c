// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: settings of each width, and what is in their section and is none. Loaded by cases/plugin/setting.c. */
#include "kplug.bpf.h"
#include "settings.h"

#define BESIDE SEC(".data.settings")
#define TAG(text) __attribute__((btf_decl_tag(text)))

KPLUG_PLUGIN("settings", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_SETTING(u8, level, 7, 1, 200);
KPLUG_SETTING(s16, offset, -3, -300, 300);
KPLUG_SETTING(s32, small, 0, -5, -2);
KPLUG_SETTING(u64, limit, 1ULL << 40, 0, 0x7fffffffffffffff);
KPLUG_SETTING(s64, wide, -1, -0x7fffffffffffffff, 0x7fffffffffffffff);
KPLUG_SETTING(bool, on, true, 0, 5);
KPLUG_SETTING(u8, narrow, 0, -9, 1000);

/* Without a range that we know, a setting has its type's. */
volatile u16 untagged BESIDE = 5;
volatile u16 half BESIDE TAG("kplug:5") = 5;
volatile u16 more BESIDE TAG("kplug:1..2x") TAG("other:1..2") = 5;
volatile s64 all BESIDE = -5;
volatile int plain BESIDE = 4;

/* No integers of the processor. */
volatile __int128 huge BESIDE = 1;
volatile u32 pair[2] BESIDE = { 1, 2 };
volatile struct {
	u32 member;
} record BESIDE = { 1 };

static s64 value_of(u32 message)
{
	switch (message) {
	case SETTING_LEVEL:
		return level;
	case SETTING_OFFSET:
		return offset;
	case SETTING_SMALL:
		return small;
	case SETTING_LIMIT:
		return limit;
	case SETTING_WIDE:
		return wide;
	case SETTING_ON:
		return on;
	}
	return narrow + untagged + half + more + all + plain + huge + pair[1] + record.member;
}

KPLUG_HOOK(call)
{
	kplug_answer(ev, value_of(ev->message), 0, 0);
}

/* libbpf is told not to load it. */
SEC("?tp_btf/kplug_call")
int other_call(unsigned long long *ctx)
{
	return 0;
}
