// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* irq trigger and irq resume: one ioctl on one vector. */
#include "cli.h"

static int open_vector(const struct args *a, struct kplug_device **ret_dev, uint32_t *ret_vector)
{
	int ret = arg_vector(a, a->pos[1], ret_vector);

	return ret ? ret : open_device(a, false, ret_dev);
}

int irq_trigger(const struct args *a)
{
	struct kplug_device *dev = NULL;
	uint32_t vector = 0;
	int ret;

	ret = open_vector(a, &dev, &vector);
	return ret ? ret : close_device(dev, a->pos[0], kplug_irq_trigger(dev, vector));
}

int irq_resume(const struct args *a)
{
	struct kplug_device *dev = NULL;
	uint32_t vector = 0;
	int ret;

	ret = open_vector(a, &dev, &vector);
	return ret ? ret : close_device(dev, a->pos[0], kplug_irq_resume(dev, vector));
}
