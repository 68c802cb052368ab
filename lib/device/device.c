// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/device.h"

static const struct kp_reason info_reasons[] = {
	{ ENOTTY, "not a device node of kplug" },
	{ EINVAL, "the module kplug is older than this library; install matching versions" },
	{ 0, NULL },
};

static const struct kp_reason call_reasons[] = {
	{ ENOMSG, "no plugin answered; load one that handles this message" },
	{ EFAULT, "its data is not readable and writable memory" },
	{ ETIMEDOUT, "the plugin did not complete it in time; the device may still do what it asked for" },
	{ EINTR, "a signal came before the plugin completed it; the device may still do what it asked for" },
	{ ECANCELED, "the plugin was unloaded before it completed it; the device may still do what it asked for" },
	{ 0, NULL },
};

/* The node is missing: says what the name refers to instead. */
static int no_node(const char *name, const char *path)
{
	char driver[KP_DRIVER_LEN];

	if (kp_pci_driver(name, driver))
		return kp_err(-ENOENT, "device %s: unknown; it is neither a PCI function nor a software device", name);
	if (!driver[0])
		return kp_err(-ENODEV, "device %s: has no driver; bind it to kplug first", name);
	if (strcmp(driver, "kplug"))
		return kp_err(-ENODEV, "device %s: bound to driver %s; bind it to kplug first", name, driver);
	return kp_err(-ENODEV, "device %s: bound to kplug, but %s is missing; is devtmpfs mounted?", name, path);
}

static int open_failed(int err, const char *name, const char *path)
{
	if (err == -ENOENT && access(path, F_OK))
		return no_node(name, path);
	if (err == -ENXIO)
		err = -ENODEV;
	if (err == -EPERM)
		return kp_err(err, "device %s: open refused by its plugin, or by a container's device rules", name);
	if (err == -EDQUOT)
		return kp_err(err,
			      "device %s: as many programs have it open as may; close some, or raise the limit (kplug "
			      "limit)",
			      name);
	if (err == -EACCES)
		return kp_err(
			err, "device %s: no permission to open %s; run it as root, or give the user access to the node",
			name, path);
	return kp_fail(err, NULL, "device %s: cannot be opened", name);
}

int kplug_device_open(const char *name, const struct kplug_open_opts *opts, struct kplug_device **ret_dev)
{
	struct kplug_open_opts known;
	struct kplug_device *dev;
	char path[KP_PATH_LEN];
	int err;

	err = kp_opts(&known, sizeof(known), opts, "kplug_open_opts");
	if (err)
		return err;
	if (!kp_name_ok(name))
		return kp_err(-ENOENT, "device %.64s: unknown; a name has 1 to %d bytes, no '/' and no leading '.'",
			      name, KPLUG_NAME_LEN - 1);

	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return kp_fail(-ENOMEM, NULL, "device %s", name);
	pthread_mutex_init(&dev->bar_lock, NULL);
	pthread_mutex_init(&dev->owned_lock, NULL);
	memcpy(dev->name, name, strlen(name));
	dev->read_only = known.read_only;
	dev->pid = getpid();

	kp_path(path, "%s/kplug/%s", kp_dev_root, name);
	/* O_NONBLOCK: read() must not block if another thread took the record after poll(). */
	dev->fd = open(path, (known.read_only ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_CLOEXEC);
	if (dev->fd < 0) {
		err = open_failed(-errno, name, path);
		goto cleanup;
	}
	err = kplug_device_info(dev, &dev->info);
	if (err)
		goto cleanup;
	if (dev->info.out_api_version != KPLUG_API_VERSION) {
		err = kp_err(
			-EPROTO,
			"device %s: the module kplug has API version %u, this library %d; install matching versions",
			name, dev->info.out_api_version, KPLUG_API_VERSION);
		goto cleanup;
	}
	dev->enabled = calloc(dev->info.out_vectors + 1, sizeof(*dev->enabled));
	if (!dev->enabled) {
		err = kp_fail(-ENOMEM, NULL, "device %s", name);
		goto cleanup;
	}
	*ret_dev = dev;
	dev = NULL;
cleanup:
	kplug_device_close(dev);
	return err;
}

void kplug_device_close(struct kplug_device *dev)
{
	if (!dev)
		return;
	if (dev->pid == getpid()) {
		kp_irq_disable_all(dev);
		kp_reg_unmap(dev);
	}
	kp_owned_free_all(dev);
	pthread_mutex_destroy(&dev->bar_lock);
	pthread_mutex_destroy(&dev->owned_lock);
	if (dev->fd >= 0)
		close(dev->fd);
	free(dev->enabled);
	free(dev);
}

int kplug_device_fd(const struct kplug_device *dev)
{
	return dev->fd;
}

const char *kplug_device_name(const struct kplug_device *dev)
{
	return dev->name;
}

int kplug_device_info(struct kplug_device *dev, struct kplug_info *ret_info)
{
	struct kplug_info info = { .size = sizeof(info) };
	int err = kp_ioctl(dev->fd, KPLUG_INFO, &info);

	if (err)
		return kp_fail(err, info_reasons, "device %s", dev->name);
	*ret_info = info;
	return 0;
}

int kplug_call(struct kplug_device *dev, uint32_t message, void *data, size_t size, int64_t *ret_result)
{
	return kplug_call_timeout(dev, message, data, size, 0, ret_result);
}

int kplug_call_timeout(struct kplug_device *dev, uint32_t message, void *data, size_t size, uint32_t timeout_ms,
		       int64_t *ret_result)
{
	struct kplug_call req = {
		.size = sizeof(req),
		.message = message,
		.data = (uintptr_t)data,
		.data_size = (uint32_t)size,
		.timeout_ms = timeout_ms,
	};
	int err;

	/* The kernel checks too, but data_size is narrower than size. */
	if (size > KPLUG_CALL_MAX)
		return kp_err(-E2BIG, "call %u to device %s: %zu bytes of data; at most %d, use a buffer for more",
			      message, dev->name, size, KPLUG_CALL_MAX);
	err = kp_ioctl(dev->fd, KPLUG_CALL, &req);
	if (err)
		return kp_fail(err, call_reasons, "call %u to device %s", message, dev->name);
	if (ret_result)
		*ret_result = req.out_result;
	return 0;
}
