// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Creates and deletes software devices, through the module kplug_soft. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "device/device.h"

static const struct kp_reason open_reasons[] = {
	{ EACCES, "no permission to open it; run it as root" },
	{ EPERM, "no permission to open it; run it as root" },
	{ 0, NULL },
};

static const struct kp_reason reasons[] = {
	{ EEXIST, "the name is in use; delete that device first, or choose another name" },
	{ ENOENT, "no such software device" },
	{ EINVAL,
	  "out of range; name: 1 to 31 letters, digits, '_', '-' or '.', no leading '.'; vectors: 1 to 32; DMA bits: "
	  "0, or 20 to 64" },
	{ EPERM, "CAP_SYS_ADMIN is missing; run it as root" },
	{ 0, NULL },
};

static int soft_ioctl(unsigned long command, const char *name, unsigned int vectors, unsigned int dma_bits)
{
	struct kplug_soft soft = { .size = sizeof(soft), .vectors = vectors, .dma_bits = dma_bits };
	char path[KP_PATH_LEN];
	int fd, err;

	if (!kp_name_ok(name))
		return kp_fail(-EINVAL, reasons, "software device %.64s", name);
	memcpy(soft.name, name, strlen(name));

	kp_path(path, "%s/kplug_soft", kp_dev_root);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT || errno == ENXIO)
			return kp_err(-ENOPKG, "software device %s: the module kplug_soft is not loaded; %s kplug_soft",
				      name, kp_load_hint());
		return kp_fail(-errno, open_reasons, "software device %s: %s", name, path);
	}
	err = kp_ioctl(fd, command, &soft);
	close(fd);
	return err ? kp_fail(err, reasons, "software device %s", name) : 0;
}

int kplug_soft_create(const char *name, unsigned int vectors, unsigned int dma_bits)
{
	return soft_ioctl(KPLUG_SOFT_CREATE, name, vectors, dma_bits);
}

int kplug_soft_delete(const char *name)
{
	return soft_ioctl(KPLUG_SOFT_DELETE, name, 0, 0);
}
