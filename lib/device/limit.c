// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* How much of a device programs may use. */
#include <errno.h>

#include "device/device.h"

static const struct kp_reason limit_reasons[] = {
	{ EINVAL, "no such limit" },
	{ EACCES, "the device is open read-only; open it for writing" },
	{ EPERM, "needs CAP_SYS_RESOURCE outside any user namespace; run it as root" },
	{ 0, NULL },
};

static int limit(struct kplug_device *dev, struct kplug_limit *req)
{
	int err;

	req->size = sizeof(*req);
	err = kp_ioctl(dev->fd, KPLUG_LIMIT, req);
	return err ? kp_fail(err, limit_reasons, "limit %u of device %s", req->what, dev->name) : 0;
}

int kplug_limit_get(struct kplug_device *dev, enum kplug_limit_what what, uint64_t *ret_max, uint64_t *ret_used)
{
	struct kplug_limit req = { .what = what };
	int err = limit(dev, &req);

	if (err)
		return err;
	*ret_max = req.out_max;
	*ret_used = req.out_used;
	return 0;
}

int kplug_limit_set(struct kplug_device *dev, enum kplug_limit_what what, uint64_t max)
{
	struct kplug_limit req = { .flags = KPLUG_LIMIT_SET, .what = what, .max = max };

	return limit(dev, &req);
}
