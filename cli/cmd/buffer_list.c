// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "cli.h"
#include "output/show.h"

struct buffer_listing {
	struct table t;
	cJSON *json; /* NULL: the table is filled */
};

static int list_buffers_of(struct kplug_device *dev, void *arg)
{
	const char *name = kplug_device_name(dev);
	struct kplug_buffer_info *infos;
	struct buffer_listing *l = arg;
	size_t count;
	int err;

	err = kplug_buffer_list(dev, &infos, &count);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		if (l->json)
			json_append(l->json, buffer_object(name, &infos[i]));
		else
			buffer_row(&l->t, name, &infos[i]);
	}
	free(infos);
	return 0;
}

static int list_one_device(const struct args *a, struct buffer_listing *l)
{
	struct kplug_device *dev;
	int ret;

	ret = open_device(a, true, &dev);
	if (ret)
		return ret;
	return close_device(dev, a->pos[0], list_buffers_of(dev, l));
}

int buffer_list(const struct args *a)
{
	struct buffer_listing l = { .json = has(a, OPT_JSON) ? json_array() : NULL };
	int ret;

	table_row(&l.t, BUFFER_TITLES);
	ret = a->npos ? list_one_device(a, &l) : each_device(list_buffers_of, &l);
	if (ret && a->npos)
		cJSON_Delete(l.json);
	else if (l.json)
		json_print(l.json, stdout);
	else
		table_print(&l.t, stdout);
	table_free(&l.t);
	return ret;
}
