// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <inttypes.h>
#include <string.h>

#include "output/show.h"

static const char *const names[KPLUG_LIMIT_COUNT] = {
	[KPLUG_LIMIT_BYTES] = "bytes", [KPLUG_LIMIT_LOW_BYTES] = "low_bytes", [KPLUG_LIMIT_BUFFERS] = "buffers",
	[KPLUG_LIMIT_LOCKS] = "locks", [KPLUG_LIMIT_FILES] = "files",
};

const char *limit_name(uint32_t what)
{
	return what < KPLUG_LIMIT_COUNT ? names[what] : "?";
}

int limits_get(struct kplug_device *dev, struct limits *l)
{
	int err = 0;

	for (uint32_t i = 0; i < KPLUG_LIMIT_COUNT && !err; i++)
		err = kplug_limit_get(dev, i, &l->max[i], &l->used[i]);
	return err;
}

void limits_print(const struct limits *l)
{
	struct table t = { 0 };

	table_row(&t, "LIMIT\tUSED\tMAX");
	for (uint32_t i = 0; i < KPLUG_LIMIT_COUNT; i++) {
		if (l->max[i] == UINT64_MAX)
			table_row(&t, "%s\t%" PRIu64 "\tnone", limit_name(i), l->used[i]);
		else
			table_row(&t, "%s\t%" PRIu64 "\t%" PRIu64, limit_name(i), l->used[i], l->max[i]);
	}
	table_print(&t, stdout);
	table_free(&t);
}

cJSON *limits_object(const struct limits *l)
{
	cJSON *all = json_object();

	for (uint32_t i = 0; i < KPLUG_LIMIT_COUNT; i++) {
		cJSON *o = json_object();

		json_unsigned(o, "used", l->used[i]);
		if (l->max[i] == UINT64_MAX)
			json_null(o, "max");
		else
			json_unsigned(o, "max", l->max[i]);
		json_add(all, limit_name(i), o);
	}
	return all;
}
