// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>

#include "cli.h"

int bind_device(const struct args *a)
{
	int ret = check_device_arg(a), err;

	if (ret)
		return ret;
	err = kplug_bind(a->pos[0], has(a, OPT_FORCE));
	/* The library looks at the function first: that it is missing is the better reason. */
	if (err == -ENOPKG) {
		ret = load_module(a->pos[0], "kplug_pci");
		if (ret)
			return ret;
		err = kplug_bind(a->pos[0], has(a, OPT_FORCE));
	}
	return lib_result(a->pos[0], err);
}

int unbind_device(const struct args *a)
{
	int ret = check_device_arg(a);

	return ret ? ret : lib_result(a->pos[0], kplug_unbind(a->pos[0]));
}
