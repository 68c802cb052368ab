// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <inttypes.h>

#include "cli.h"
#include "output/show.h"

struct plugin_listing {
	struct table t;
	cJSON *json; /* NULL: the table is filled */
};

static int list_plugin(struct kplug_device *dev, void *arg)
{
	struct plugin_listing *list = arg;
	struct loaded l;
	char *hooks;
	int err;

	err = loaded_get(dev, &l);
	if (err)
		return err; /* -ENOENT, no plugin: each_device() skips the device */
	if (list->json) {
		json_append(list->json, loaded_object(&l));
	} else {
		hooks = hooks_text(loaded_hooks(&l));
		table_row(&list->t, "%s\t%s\t%s\t%u\t%" PRIu64 "\t%s", l.device, l.info.out_name, l.info.out_version,
			  l.info.out_swaps, (uint64_t)l.info.out_misses, hooks);
		free(hooks);
	}
	loaded_free(&l);
	return 0;
}

int plugin_list(const struct args *a)
{
	struct plugin_listing list = { .json = has(a, OPT_JSON) ? json_array() : NULL };
	int ret;

	table_row(&list.t, "DEVICE\tPLUGIN\tVERSION\tSWAPS\tMISSES\tHOOKS");
	ret = each_device(list_plugin, &list);
	if (list.json)
		json_print(list.json, stdout);
	else
		table_print(&list.t, stdout);
	table_free(&list.t);
	return ret;
}
