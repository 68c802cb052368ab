// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

int kplug_buffer_list(struct kplug_device *dev, struct kplug_buffer_info **ret_infos, size_t *ret_count)
{
	struct kplug_buffer_info *infos = NULL, *more;
	size_t count = 0;
	uint32_t id = 0;
	int err;

	/* Always room for one more: what the kernel fills first, and counts when it did. */
	for (;;) {
		more = reallocarray(infos, count + 1, sizeof(*infos));
		if (!more) {
			err = -ENOMEM;
			goto cleanup;
		}
		infos = more;
		infos[count] = (struct kplug_buffer_info){ .size = sizeof(*infos), .id = id };
		err = kp_ioctl(dev->fd, KPLUG_BUFFER_INFO, &infos[count]);
		if (err == -ENOENT)
			break;
		if (err)
			goto cleanup;
		id = infos[count++].out_id + 1;
	}
	*ret_infos = infos;
	*ret_count = count;
	return 0;
cleanup:
	free(infos);
	return kp_fail(err, NULL, "buffers of device %s", dev->name);
}
