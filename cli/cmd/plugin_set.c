// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The running plugin's settings. */
#include <errno.h>
#include <inttypes.h>

#include "cli.h"
#include "output/output.h"

static int list_settings(const struct args *a, struct kplug_device *dev)
{
	struct kplug_setting *settings = NULL;
	struct table t = { 0 };
	size_t count = 0;
	cJSON *array;
	int err;

	err = kplug_setting_list(dev, &settings, &count);
	if (err)
		return err;
	array = json_array();
	table_row(&t, "SETTING\tVALUE\tTYPE\tMIN\tMAX");
	for (size_t i = 0; i < count; i++) {
		const struct kplug_setting *s = &settings[i];
		cJSON *o = json_object();

		table_row(&t, "%s\t%" PRId64 "\t%s\t%" PRId64 "\t%" PRId64, s->name, s->value, s->type, s->min, s->max);
		json_string(o, "setting", s->name);
		json_signed(o, "value", s->value);
		json_string(o, "type", s->type);
		json_signed(o, "min", s->min);
		json_signed(o, "max", s->max);
		json_append(array, o);
	}
	if (has(a, OPT_JSON)) {
		json_print(array, stdout);
	} else {
		cJSON_Delete(array);
		table_print(&t, stdout);
	}
	table_free(&t);
	free(settings);
	return 0;
}

/* Splits KEY=VALUE in place. */
static int parse_pair(const struct args *a, char *text, int64_t *ret_value)
{
	char *equals = strchr(text, '=');
	uint64_t value;
	bool negative;
	int ret;

	if (!equals || equals == text)
		return wrong_usage(a, "'%s' is not KEY=VALUE", text);
	*equals = '\0';
	negative = equals[1] == '-';
	ret = arg_number(a, text, equals + 1 + negative, 0, INT64_MAX, &value);
	if (!ret)
		*ret_value = negative ? -(int64_t)value : (int64_t)value;
	return ret;
}

int plugin_set(const struct args *a)
{
	int64_t values[SETTINGS_MAX] = { 0 };
	struct kplug_device *dev = NULL;
	int ret = 0;

	for (unsigned int i = 1; i < a->npos && !ret; i++)
		ret = parse_pair(a, a->pos[i], &values[i - 1]);
	if (!ret)
		ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	for (unsigned int i = 1; i < a->npos && !ret; i++)
		ret = kplug_setting_set(dev, a->pos[i], values[i - 1]);
	if (!ret && (a->npos == 1 || has(a, OPT_JSON)))
		ret = list_settings(a, dev);
	return close_device(dev, a->pos[0], ret);
}
