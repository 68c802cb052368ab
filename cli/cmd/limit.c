// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>

#include "cli.h"
#include "output/show.h"

struct wanted {
	uint32_t what;
	uint64_t max;
};

static int parse_limit(const struct args *a, const char *text, struct wanted *ret)
{
	const char *max = strchr(text, '=');
	size_t length;

	if (!max)
		return wrong_usage(a, "'%s' is not LIMIT=MAX", text);
	length = (size_t)(max++ - text);
	for (ret->what = 0; ret->what < KPLUG_LIMIT_COUNT; ret->what++) {
		const char *name = limit_name(ret->what);

		if (strlen(name) == length && !memcmp(name, text, length))
			break;
	}
	if (ret->what == KPLUG_LIMIT_COUNT)
		return wrong_usage(a, "'%.*s' is no limit; bytes, low_bytes, buffers, locks and files are", (int)length,
				   text);
	ret->max = UINT64_MAX;
	return strcmp(max, "none") ? arg_size(a, limit_name(ret->what), max, UINT64_MAX - 1, &ret->max) : 0;
}

static int show_limits(const struct args *a, struct kplug_device *dev)
{
	struct limits l;
	int err = limits_get(dev, &l);

	if (err)
		return err;
	if (has(a, OPT_JSON))
		json_print(limits_object(&l), stdout);
	else
		limits_print(&l);
	return 0;
}

int limit_device(const struct args *a)
{
	struct wanted wanted[KPLUG_LIMIT_COUNT] = { 0 };
	struct kplug_device *dev = NULL;
	int ret = 0;

	for (unsigned int i = 1; i < a->npos && !ret; i++)
		ret = parse_limit(a, a->pos[i], &wanted[i - 1]);
	if (!ret)
		ret = open_device(a, a->npos == 1, &dev);
	if (ret)
		return ret;
	for (unsigned int i = 1; i < a->npos && !ret; i++)
		ret = kplug_limit_set(dev, wanted[i - 1].what, wanted[i - 1].max);
	if (!ret && (a->npos == 1 || has(a, OPT_JSON)))
		ret = show_limits(a, dev);
	return close_device(dev, a->pos[0], ret);
}
