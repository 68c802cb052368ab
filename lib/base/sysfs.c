// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

const char *kp_sys_root = "/sys", *kp_dev_root = "/dev";

bool kp_name_ok(const char *name)
{
	size_t len = strnlen(name, KPLUG_NAME_LEN);

	return len && len < KPLUG_NAME_LEN && name[0] != '.' && !strchr(name, '/');
}

/* Callers check names, so only an absurd root is too long: the empty path is ENOENT. */
void kp_path(char path[KP_PATH_LEN], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (vsnprintf(path, KP_PATH_LEN, fmt, args) >= KP_PATH_LEN)
		path[0] = '\0';
	va_end(args);
}

int kp_sysfs_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0) {
		err = -errno;
	} else {
		buf[n] = '\0';
		buf[strcspn(buf, "\n")] = '\0';
	}
	close(fd);
	return err;
}

int kp_sysfs_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

bool kp_module_loaded(void)
{
	char path[KP_PATH_LEN];

	kp_path(path, "%s/bus/pci/drivers/kplug", kp_sys_root);
	return !access(path, F_OK);
}

bool kp_locked_down(void)
{
	char path[KP_PATH_LEN], modes[64];

	kp_path(path, "%s/kernel/security/lockdown", kp_sys_root);
	return !kp_sysfs_read(path, modes, sizeof(modes)) && !strstr(modes, "[none]");
}

const char *kp_load_hint(void)
{
	return kp_locked_down()
		       ? "the kernel is locked down, so sign it with a key that the kernel trusts, then modprobe"
		       : "modprobe";
}

int kp_pci_driver(const char *addr, char driver[KP_DRIVER_LEN])
{
	char path[KP_PATH_LEN], target[KP_PATH_LEN];
	const char *last;
	ssize_t n;

	if (!kp_name_ok(addr))
		return -ENOENT;
	kp_path(path, "%s/bus/pci/devices/%s", kp_sys_root, addr);
	if (access(path, F_OK))
		return -ENOENT;

	kp_path(path, "%s/bus/pci/devices/%s/driver", kp_sys_root, addr);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0 && errno != ENOENT)
		return -errno;
	target[n < 0 ? 0 : n] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	snprintf(driver, KP_DRIVER_LEN, "%.*s", KP_DRIVER_LEN - 1, last);
	return 0;
}
