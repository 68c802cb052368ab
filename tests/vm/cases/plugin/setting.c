// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: lib/plugin/setting.c */
/* Settings of each width: their ranges, and that the running plugin sees what is set, at the ends of the range, too. */
#include "bpf/settings.h"
#include "lib/rig.h"

static struct kplug_setting *settings;
static size_t count;

static void setup(void)
{
	rig_load(dev, "settings", NULL);
	assert_ok(kplug_setting_list(dev, &settings, &count));
}

static void teardown(void)
{
	free(settings);
	settings = NULL;
}

static const struct kplug_setting *find(const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(settings[i].name, name))
			return &settings[i];
	}
	return NULL;
}

static int64_t seen(uint32_t which)
{
	int64_t result = 0;

	assert_ok(kplug_call(dev, which, NULL, 0, &result));
	return result;
}

static const struct {
	const char *name, *type;
	uint32_t bytes;
	int64_t value, min, max;
} wanted[] = {
	[SETTING_LEVEL] = { "level", "u8", 1, 7, 1, 200 },
	[SETTING_OFFSET] = { "offset", "s16", 2, -3, -300, 300 },
	[SETTING_SMALL] = { "small", "s32", 4, 0, -5, -2 },
	[SETTING_LIMIT] = { "limit", "u64", 8, 1LL << 40, 0, INT64_MAX },
	[SETTING_WIDE] = { "wide", "s64", 8, -1, -INT64_MAX, INT64_MAX },
	[SETTING_ON] = { "on", "bool", 1, 1, 0, 1 },
	/* the plugin does not tell these one by one */
	{ "narrow", "u8", 1, 0, 0, 255 },
	{ "untagged", "u16", 2, 5, 0, UINT16_MAX },
	{ "half", "u16", 2, 5, 0, UINT16_MAX },
	{ "more", "u16", 2, 5, 0, UINT16_MAX },
	{ "all", "s64", 8, -5, INT64_MIN, INT64_MAX },
	{ "plain", "int", 4, 4, INT32_MIN, INT32_MAX },
};
#define WANTED (sizeof(wanted) / sizeof(*wanted))

static void types_and_ranges(void)
{
	for (size_t i = 0; i < WANTED; i++) {
		const struct kplug_setting *s = find(wanted[i].name);

		if (!s)
			fail_msg("%s is not listed", wanted[i].name);
		assert_string_equal(s->type, wanted[i].type);
		assert_int_equal(s->bytes, wanted[i].bytes);
		assert_int_equal(s->value, wanted[i].value);
		assert_int_equal(s->min, wanted[i].min);
		assert_int_equal(s->max, wanted[i].max);
	}
	assert_int_equal(count, WANTED); /* and no other */
}

static void ends_of_the_range(void)
{
	for (uint32_t i = 0; i <= SETTING_ON; i++) {
		assert_int_equal(seen(i), wanted[i].value);
		assert_ok(kplug_setting_set(dev, wanted[i].name, wanted[i].min));
		assert_int_equal(seen(i), wanted[i].min);
		assert_ok(kplug_setting_set(dev, wanted[i].name, wanted[i].max));
		assert_int_equal(seen(i), wanted[i].max);
	}
}

static void beyond_the_range(void)
{
	for (uint32_t i = 0; i <= SETTING_ON; i++) {
		if (wanted[i].max != INT64_MAX)
			assert_errno(ERANGE, kplug_setting_set(dev, wanted[i].name, wanted[i].max + 1));
		assert_errno(ERANGE, kplug_setting_set(dev, wanted[i].name, wanted[i].min - 1));
		assert_int_equal(seen(i), wanted[i].value);
	}
}

/* A setting changes nothing but itself. */
static void others_stay(void)
{
	struct kplug_setting *after;
	size_t n;

	assert_ok(kplug_setting_set(dev, "level", 200));
	assert_ok(kplug_setting_set(dev, "half", UINT16_MAX));
	assert_ok(kplug_setting_list(dev, &after, &n));
	assert_int_equal(n, count);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(after[i].name, "level") && strcmp(after[i].name, "half"))
			assert_int_equal(after[i].value, settings[i].value);
	}
	free(after);
}

static void not_a_setting(void)
{
	assert_errno(ESRCH, kplug_setting_set(dev, "huge", 1));
	assert_errno(ESRCH, kplug_setting_set(dev, "pair", 1));
	assert_errno(ESRCH, kplug_setting_set(dev, "record", 1));
	assert_errno(ESRCH, kplug_setting_set(dev, "", 1));
}

static void without_a_plugin(void)
{
	struct kplug_setting *none = NULL;
	size_t n = 7;

	assert_ok(kplug_plugin_unload(dev));
	assert_errno(ENOENT, kplug_setting_list(dev, &none, &n));
	assert_errno(ENOENT, kplug_setting_set(dev, "level", 1));
	assert_null(none);
	assert_int_equal(n, 7);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(types_and_ranges), TEST(ends_of_the_range), TEST(beyond_the_range),
		TEST(others_stay),	TEST(not_a_setting),	 TEST(without_a_plugin),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
