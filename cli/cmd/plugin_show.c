// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "cli.h"
#include "output/show.h"

int plugin_show(const struct args *a)
{
	struct kplug_device *dev;
	struct loaded l;
	int ret;

	ret = open_device(a, true, &dev);
	if (ret)
		return ret;
	ret = loaded_get(dev, &l);
	if (!ret && has(a, OPT_JSON))
		json_print(loaded_object(&l), stdout);
	else if (!ret)
		loaded_print(&l);
	loaded_free(&l);
	return close_device(dev, a->pos[0], ret);
}
