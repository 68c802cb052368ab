// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Binds PCI functions to kplug, and unbinds them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "device/device.h"

static const struct kp_reason write_reasons[] = {
	{ EACCES, "no permission to write it; run it as root" },
	{ EPERM, "no permission to write it; run it as root" },
	{ EROFS, "sysfs is mounted read-only; run it outside the container" },
	{ ENODEV, "the device was removed" },
	{ 0, NULL },
};

static int no_such_function(const char *addr)
{
	return kp_err(-ENOENT, "device %.64s: no such PCI function; addresses look like 0000:00:03.0", addr);
}

static int write_attribute(const char *addr, const char *attribute, const char *text)
{
	char path[KP_PATH_LEN];
	int err;

	kp_path(path, "%s/bus/pci/devices/%s/%s", kp_sys_root, addr, attribute);
	err = kp_sysfs_write(path, text);
	return err ? kp_fail(err, write_reasons, "device %s: %s", addr, path) : 0;
}

static int probe_function(const char *addr)
{
	char path[KP_PATH_LEN];
	int err;

	kp_path(path, "%s/bus/pci/drivers_probe", kp_sys_root);
	err = kp_sysfs_write(path, addr);
	return err ? kp_fail(err, write_reasons, "device %s: %s", addr, path) : 0;
}

/* The value that restores the attribute: "\n" if it is unset, or is "kplug", left by a killed bind. */
static void get_override(const char *addr, char ret_override[KP_PATH_LEN])
{
	char path[KP_PATH_LEN];

	kp_path(path, "%s/bus/pci/devices/%s/driver_override", kp_sys_root, addr);
	if (kp_sysfs_read(path, ret_override, KP_PATH_LEN) || !ret_override[0] || !strcmp(ret_override, "(null)") ||
	    !strcmp(ret_override, "kplug"))
		strcpy(ret_override, "\n");
}

/* Restores driver_override and the old driver; keeps the error text. */
static void undo_bind(const char *addr, const char *driver, const char *override)
{
	char path[KP_PATH_LEN];

	kp_path(path, "%s/bus/pci/devices/%s/driver_override", kp_sys_root, addr);
	kp_sysfs_write(path, override);
	if (!driver[0])
		return;
	kp_path(path, "%s/bus/pci/drivers_probe", kp_sys_root);
	kp_sysfs_write(path, addr);
}

/*
 * What came of the probe, which the kernel does not tell. A device that was just plugged in is not probed on request:
 * the kernel soon does it by itself, and sees the override. So wait for driver and node, half a second at most.
 */
static bool becomes_ours(const char *addr)
{
	char driver[KP_DRIVER_LEN], node[KP_PATH_LEN];
	int tries;

	kp_path(node, "%s/kplug/%s", kp_dev_root, addr);
	for (tries = 0; tries < 10; tries++) {
		if (kp_pci_driver(addr, driver) || (driver[0] && strcmp(driver, "kplug")))
			return false;
		if (driver[0] && !access(node, F_OK))
			return true;
		usleep(50000);
	}
	return driver[0];
}

int kplug_bind(const char *pci_addr, bool force)
{
	char driver[KP_DRIVER_LEN], override[KP_PATH_LEN];
	int err;

	if (kp_pci_driver(pci_addr, driver))
		return no_such_function(pci_addr);
	if (!kp_module_loaded())
		return kp_err(-ENOPKG, "device %s: the module kplug is not loaded; %s kplug", pci_addr, kp_load_hint());
	if (!strcmp(driver, "kplug"))
		return kp_err(-EALREADY, "device %s: already bound to kplug", pci_addr);
	if (driver[0] && !force)
		return kp_err(-EBUSY, "device %s: bound to driver %s; unbind it first, or force it", pci_addr, driver);

	/* Before the old driver is unbound: without permission, fail with nothing changed. */
	get_override(pci_addr, override);
	err = write_attribute(pci_addr, "driver_override", "kplug");
	if (err)
		return err;
	if (driver[0])
		err = write_attribute(pci_addr, "driver/unbind", pci_addr);
	err = err ?: probe_function(pci_addr);
	/* While it adds the device the kernel may also answer that there is none (7.3). */
	if ((!err || err == -ENODEV) && becomes_ours(pci_addr))
		err = 0;
	else if (!err)
		err = kp_err(-EIO, "device %s: kplug's probe failed; the kernel's log says why", pci_addr);
	if (err)
		undo_bind(pci_addr, driver, override);
	return err;
}

static const char *const policies[KPLUG_RESET_POLICIES] = { "needed", "always", "never" }; /* as kmod/pci/pci.c */

const char *kplug_reset_policy_name(enum kplug_reset_policy policy)
{
	return policy < KPLUG_RESET_POLICIES ? policies[policy] : NULL;
}

static int must_be_ours(const char *addr)
{
	char driver[KP_DRIVER_LEN];

	if (kp_pci_driver(addr, driver))
		return no_such_function(addr);
	return strcmp(driver, "kplug") ? kp_err(-ENOENT, "device %s: not bound to kplug (driver: %s)", addr,
						driver[0] ? driver : "none")
				       : 0;
}

int kplug_reset_policy_get(const char *pci_addr, enum kplug_reset_policy *ret_policy)
{
	char path[KP_PATH_LEN], text[KP_DRIVER_LEN] = "";
	int err = must_be_ours(pci_addr);
	unsigned int i;

	if (err)
		return err;
	kp_path(path, "%s/bus/pci/devices/%s/kplug_reset", kp_sys_root, pci_addr);
	err = kp_sysfs_read(path, text, sizeof(text));
	if (err)
		return kp_fail(err, NULL, "device %s: %s", pci_addr, path);
	for (i = 0; i < KPLUG_RESET_POLICIES; i++) {
		if (strcmp(text, policies[i]))
			continue;
		*ret_policy = (enum kplug_reset_policy)i;
		return 0;
	}
	return kp_err(-EPROTO, "device %s: reset policy %s is unknown; update the library", pci_addr, text);
}

int kplug_reset_policy_set(const char *pci_addr, enum kplug_reset_policy policy)
{
	const char *name = kplug_reset_policy_name(policy);
	int err = must_be_ours(pci_addr);

	if (err)
		return err;
	return name ? write_attribute(pci_addr, "kplug_reset", name)
		    : kp_err(-EINVAL, "device %s: no such reset policy", pci_addr);
}

/* Clears a killed kplug_bind()'s driver_override, by which the module would bind when loaded. */
static void clear_stale_override(const char *addr)
{
	char path[KP_PATH_LEN], text[KP_DRIVER_LEN];

	kp_path(path, "%s/bus/pci/devices/%s/driver_override", kp_sys_root, addr);
	if (!kp_sysfs_read(path, text, sizeof(text)) && !strcmp(text, "kplug"))
		kp_sysfs_write(path, "\n");
}

int kplug_unbind(const char *pci_addr)
{
	int err = must_be_ours(pci_addr);

	if (err) {
		clear_stale_override(pci_addr);
		return err;
	}

	/* Killed in between, the device stays bound, and no override rebinds it later. */
	err = write_attribute(pci_addr, "driver_override", "\n");
	return err ?: write_attribute(pci_addr, "driver/unbind", pci_addr);
}
