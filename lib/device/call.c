// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>

#include "internal.h"

static const struct kp_reason reasons[] = {
	{ ENOMSG, "no plugin answered; load one that serves this message" },
	{ EFAULT, "its data cannot be read and written" },
	{ 0, NULL },
};

int kplug_call(struct kplug_device *dev, uint32_t message, void *data, size_t size, int64_t *ret_result)
{
	struct kplug_call req = {
		.size = sizeof(req), .message = message, .data = (uintptr_t)data, .data_size = (uint32_t)size
	};
	int err;

	/* Here too, since data_size is narrower than size. */
	if (size > KPLUG_CALL_MAX)
		return kp_err(-E2BIG, "call %u to device %s: %zu bytes of data; at most %d, use a buffer for more",
			      message, dev->name, size, KPLUG_CALL_MAX);
	err = kp_ioctl(dev->fd, KPLUG_CALL, &req);
	if (err)
		return kp_fail(err, reasons, "call %u to device %s", message, dev->name);
	if (ret_result)
		*ret_result = req.out_result;
	return 0;
}
