// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The buffers that an open device owns. They end with its file; but a forked child, or a mapping of the node, may hold
 * the file open, so close() ends them by name.
 */
#include <string.h>
#include <unistd.h>

#include "device/device.h"

void kp_owned_add(struct kplug_device *dev, const char *name, struct kp_owned *owned)
{
	memcpy(owned->name, name, strlen(name) + 1);
	owned->dev = dev;
	pthread_mutex_lock(&dev->owned_lock);
	owned->next = dev->owned;
	dev->owned = owned;
	pthread_mutex_unlock(&dev->owned_lock);
}

/* In a forked child the buffer is the parent's. */
static void owned_end(const struct kplug_device *dev, struct kp_owned *owned)
{
	struct kplug_buffer_name req = { .size = sizeof(req) };

	memcpy(req.name, owned->name, sizeof(req.name));
	if (dev->pid == getpid())
		kp_ioctl(dev->fd, KPLUG_BUFFER_FREE, &req);
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
