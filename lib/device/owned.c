// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The buffers and locks that an open device owns. They end with its file; but a forked child, or a mapping of the node,
 * may hold the file open, and who only exits does not vouch for the device (KPLUG_BUFFER_ALLOC). So close ends each.
 */
#include <unistd.h>

#include "device/device.h"

void kp_owned_add(struct kplug_device *dev, struct kp_owned *owned)
{
	owned->pid = getpid();
	owned->dev = dev;
	pthread_mutex_lock(&dev->owned_lock);
	owned->next = dev->owned;
	dev->owned = owned;
	pthread_mutex_unlock(&dev->owned_lock);
}

static void owned_end(const struct kplug_device *dev, struct kp_owned *owned)
{
	if (owned->pid == getpid())
		kp_ioctl(dev->fd, owned->end, &owned->buffer); /* ENODEV: the device's removal has ended it */
	owned->dev = NULL;
}

void kp_owned_free(struct kp_owned *owned)
{
	struct kplug_device *dev = owned->dev;
	struct kp_owned **at;

	if (!dev)
		return;
	pthread_mutex_lock(&dev->owned_lock);
	for (at = &dev->owned; *at != owned;)
		at = &(*at)->next;
	*at = owned->next;
	pthread_mutex_unlock(&dev->owned_lock);
	owned_end(dev, owned);
}

void kp_owned_free_all(struct kplug_device *dev)
{
	struct kp_owned *owned;

	for (owned = dev->owned; owned; owned = owned->next)
		owned_end(dev, owned);
}
