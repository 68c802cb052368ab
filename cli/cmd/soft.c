// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>

#include "cli.h"

int soft_create(const struct args *a)
{
	unsigned int vectors = has(a, OPT_VECTORS) ? (unsigned int)a->num[OPT_VECTORS] : 1;
	unsigned int dma_bits = (unsigned int)a->num[OPT_DMA_BITS];
	int ret = check_device_arg(a), err;

	if (ret)
		return ret;
	err = kplug_soft_create(a->pos[0], vectors, dma_bits);
	if (err == -ENOPKG) {
		ret = load_module(a->pos[0], "kplug_soft");
		if (ret)
			return ret;
		err = kplug_soft_create(a->pos[0], vectors, dma_bits);
	}
	return lib_result(a->pos[0], err);
}

int soft_delete(const struct args *a)
{
	int ret = check_device_arg(a);

	return ret ? ret : lib_result(a->pos[0], kplug_soft_delete(a->pos[0]));
}
