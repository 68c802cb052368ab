// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Lists PCI functions and software devices from sysfs. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/device.h"

struct list {
	struct kplug_scan_entry *entries;
	size_t count, room;
};

static const struct kp_reason reasons[] = {
	{ EACCES, "no permission to read it; run it as root" },
	{ 0, NULL },
};

typedef int (*fill_fn)(struct kplug_scan_entry *entry);

static uint16_t read_id(const char *addr, const char *attribute)
{
	char path[KP_PATH_LEN], text[16];

	kp_path(path, "%s/bus/pci/devices/%s/%s", kp_sys_root, addr, attribute);
	return kp_sysfs_read(path, text, sizeof(text)) ? 0 : (uint16_t)strtoul(text, NULL, 16);
}

/* A fill function returns -ENOENT to skip an entry: it is not to be listed, or was just removed. */
static int fill_pci(struct kplug_scan_entry *entry)
{
	int err = kp_pci_driver(entry->name, entry->driver);

	if (err)
		return err;
	entry->vendor = read_id(entry->name, "vendor");
	entry->device = read_id(entry->name, "device");
	entry->bound = !strcmp(entry->driver, "kplug");
	return 0;
}

static int fill_soft(struct kplug_scan_entry *entry)
{
	char path[KP_PATH_LEN];

	kp_path(path, "%s/class/kplug/%s/device/vendor", kp_sys_root, entry->name);
	if (!access(path, F_OK)) /* a PCI function */
		return -ENOENT;
	kp_path(path, "%s/class/kplug/%s", kp_sys_root, entry->name);
	if (access(path, F_OK)) /* removed meanwhile: it may have been one */
		return -ENOENT;
	/* QEMU's edu, as in struct kplug_info; opening the node would run the open hook. */
	entry->vendor = 0x1234;
	entry->device = 0x11e8;
	strcpy(entry->driver, "kplug_soft");
	entry->bound = entry->soft = true;
	return 0;
}

static int append(struct list *list, const struct kplug_scan_entry *entry)
{
	struct kplug_scan_entry *more;

	if (list->count == list->room) {
		more = reallocarray(list->entries, list->room + 32, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->entries = more;
		list->room += 32;
	}
	list->entries[list->count++] = *entry;
	return 0;
}

static int scan_dir(struct list *list, const char *sub, fill_fn fill)
{
	struct kplug_scan_entry entry;
	struct dirent *dirent;
	char path[KP_PATH_LEN];
	int err = 0;
	DIR *dir;

	kp_path(path, "%s/%s", kp_sys_root, sub);
	dir = opendir(path);
	if (!dir) /* the machine has no PCI, or the module is not loaded */
		return errno == ENOENT ? 0 : kp_fail(-errno, reasons, "%s", path);

	while (!err && (dirent = readdir(dir))) {
		if (!kp_name_ok(dirent->d_name))
			continue;
		memset(&entry, 0, sizeof(entry));
		memcpy(entry.name, dirent->d_name, strlen(dirent->d_name));
		err = fill(&entry);
		if (err == -ENOENT || err == -ENODEV)
			err = 0;
		else
			err = err ?: append(list, &entry);
		if (err)
			kp_fail(err, reasons, "%s/%s", path, entry.name);
	}
	closedir(dir);
	return err;
}

static int by_name(const void *a, const void *b)
{
	const struct kplug_scan_entry *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int kplug_scan(struct kplug_scan_entry **ret_entries, size_t *ret_count)
{
	struct list list = { 0 };
	int err;

	err = scan_dir(&list, "bus/pci/devices", fill_pci);
	err = err ?: scan_dir(&list, "class/kplug", fill_soft);
	if (err) {
		free(list.entries);
		return err;
	}
	if (list.count)
		qsort(list.entries, list.count, sizeof(*list.entries), by_name);
	*ret_entries = list.entries;
	*ret_count = list.count;
	return 0;
}
