// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "cli.h"

int bind_device(const struct args *a)
{
	int ret = check_device_arg(a);

	return ret ? ret : lib_result(a->pos[0], kplug_bind(a->pos[0], has(a, OPT_FORCE)));
}

int unbind_device(const struct args *a)
{
	int ret = check_device_arg(a);

	return ret ? ret : lib_result(a->pos[0], kplug_unbind(a->pos[0]));
}
