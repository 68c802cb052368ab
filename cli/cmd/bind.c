// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "cli.h"
#include "parse.h"

static int done(const struct args *a, int err)
{
	return err ? fail_lib(a->pos[0], err) : CLI_DONE;
}

static int check(const struct args *a)
{
	return check_device_name(a->pos[0]) ? wrong_usage(a, "'%.40s' is not a device's name", a->pos[0]) : 0;
}

int bind_device(const struct args *a)
{
	int ret = check(a);

	return ret ? ret : done(a, kplug_bind(a->pos[0], has(a, OPT_FORCE)));
}

int unbind_device(const struct args *a)
{
	int ret = check(a);

	return ret ? ret : done(a, kplug_unbind(a->pos[0]));
}

int soft_create(const struct args *a)
{
	unsigned int vectors = has(a, OPT_VECTORS) ? (unsigned int)a->num[OPT_VECTORS] : 1;
	int ret = check(a);

	return ret ? ret : done(a, kplug_soft_create(a->pos[0], vectors, (unsigned int)a->num[OPT_DMA_BITS]));
}

int soft_delete(const struct args *a)
{
	int ret = check(a);

	return ret ? ret : done(a, kplug_soft_delete(a->pos[0]));
}
