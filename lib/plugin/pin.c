// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Pins plugins in /sys/fs/bpf/kplug/, and removes the stale pins of killed processes. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/plugin.h"

#define NEW ":new" /* no device's name ends so */

static const struct kp_reason pin_reasons[] = {
	{ ENOENT, "no such folder; mount it: mount -t bpf -o mode=0700 bpf /sys/fs/bpf" },
	{ EINVAL, "not on a BPF file system; mount it: mount -t bpf -o mode=0700 bpf /sys/fs/bpf" },
	{ ENOTDIR, "a component of the path is not a folder; remove it" },
	{ EPERM, "no permission; run it as root" },
	{ EACCES, "no permission; run it as root" },
	{ 0, NULL },
};

/* A BPF file system allows no '.' in names; device names have no '+'. */
static void replace_char(char *text, char from, char to)
{
	for (; (text = strchr(text, from)); text++)
		*text = to;
}

static void folder_of(const char *device, const char *suffix, char path[KP_PATH_LEN])
{
	char name[KPLUG_NAME_LEN];

	snprintf(name, sizeof(name), "%s", device);
	replace_char(name, '.', '+');
	kp_path(path, "%s/fs/bpf/kplug/%s%s", kp_sys_root, name, suffix);
}

/*
 * A BPF file system may be world-writable, as /tmp is. Another user who owns the folder of all pins
 * could plant symbolic links in it for us to follow; a folder that root or we own, and others
 * cannot write to, is safe. A missing folder is not trusted either: another user may create it at
 * any time.
 */
static bool is_untrusted(const char *root)
{
	struct stat st;

	if (lstat(root, &st))
		return true;
	if (S_ISDIR(st.st_mode))
		return (st.st_uid && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH);
	return S_ISLNK(st.st_mode);
}

static int untrusted(const char *root)
{
	return kp_err(-EPERM, "%s: others may write to it; remove it, and mount /sys/fs/bpf with -o mode=0700", root);
}

static int pin_fd(int fd, const char *folder, const char *name)
{
	char path[KP_PATH_LEN], file[96];
	int err = 0;

	if (fd < 0)
		return -errno;
	snprintf(file, sizeof(file), "%s", name);
	replace_char(file, '.', '+');
	kp_path(path, "%s/%s", folder, file);
	if (bpf_obj_pin(fd, path))
		err = -errno;
	close(fd);
	return err;
}

static void remove_folder(const char *folder)
{
	struct dirent *entry;
	char path[KP_PATH_LEN];
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		kp_path(path, "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	rmdir(folder);
}

/* The id of a pinned program; 0: none. */
static uint32_t pinned_id(const char *folder, int hook)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	char path[KP_PATH_LEN];
	int fd;

	kp_path(path, "%s/%s", folder, kp_program_names[hook]);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	if (bpf_prog_get_info_by_fd(fd, &info, &len))
		info.id = 0;
	close(fd);
	return info.id;
}

static bool pins_match(const char *folder, const uint32_t running[KPLUG_HOOK_COUNT])
{
	int hook;

	for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++)
		if (pinned_id(folder, hook) != running[hook])
			return false;
	return true;
}

static bool exists(const char *folder)
{
	return !access(folder, F_OK);
}

/* Sets no error text: kp_pin_sync() runs after failures, whose text must stay. */
static int get_running(struct kplug_device *dev, uint32_t ret_ids[KPLUG_HOOK_COUNT])
{
	struct kplug_plugin_info info;

	return kp_plugin_info(dev, 0, &info, ret_ids);
}

bool kp_pinned(struct kplug_device *dev)
{
	uint32_t running[KPLUG_HOOK_COUNT];
	char folder[KP_PATH_LEN];

	folder_of(dev->name, "", folder);
	return exists(folder) && !get_running(dev, running) && pins_match(folder, running);
}

int kplug_plugin_pins(struct kplug_device *dev, char **ret_folder)
{
	/* Between the install and the rename, the running plugin's pins are the staged ones. */
	static const char *const suffixes[] = { "", NEW };
	uint32_t running[KPLUG_HOOK_COUNT];
	char folder[KP_PATH_LEN], *copy;
	int i, err;

	err = kplug_plugin_prog_ids(dev, running, KPLUG_HOOK_COUNT);
	if (err)
		return err;
	for (i = 0; i < 2; i++) {
		folder_of(dev->name, suffixes[i], folder);
		if (access(folder, R_OK | X_OK)) {
			if (errno == ENOENT)
				continue;
			return kp_fail(-errno, pin_reasons, "%s", folder);
		}
		if (!pins_match(folder, running))
			continue;
		copy = strdup(folder);
		if (!copy)
			return kp_fail(-ENOMEM, NULL, "device %s", dev->name);
		*ret_folder = copy;
		return 0;
	}
	return kp_err(-ENOENT, "device %s: its plugin is not pinned", dev->name);
}

static int pin_all(const char *folder, const uint32_t prog_ids[KPLUG_HOOK_COUNT], struct kp_maps *maps)
{
	int hook, err = 0;
	char name[80];
	size_t i;

	for (hook = 0; !err && hook < KPLUG_HOOK_COUNT; hook++) {
		if (!prog_ids[hook])
			continue;
		err = pin_fd(bpf_prog_get_fd_by_id(prog_ids[hook]), folder, kp_program_names[hook]);
		err = err ?: kp_maps_add(maps, prog_ids[hook]);
	}
	for (i = 0; !err && i < maps->count; i++) {
		snprintf(name, sizeof(name), "map:%s", maps->map[i].name);
		err = pin_fd(bpf_map_get_fd_by_id(maps->map[i].info.id), folder, name);
	}
	return err;
}

int kp_pin_stage(struct kplug_device *dev, const uint32_t prog_ids[KPLUG_HOOK_COUNT])
{
	char root[KP_PATH_LEN], folder[KP_PATH_LEN];
	struct kp_maps maps = { 0 };
	int err;

	kp_path(root, "%s/fs/bpf/kplug", kp_sys_root);
	folder_of(dev->name, NEW, folder);
	err = mkdir(root, 0700) && errno != EEXIST ? -errno : 0;
	if (!err && is_untrusted(root))
		return untrusted(root);
	if (!err && mkdir(folder, 0700))
		err = -errno;
	if (!err)
		err = pin_all(folder, prog_ids, &maps);
	kp_maps_free(&maps);
	return err ? kp_fail(err, pin_reasons, "device %s: its plugin cannot be pinned in %s", dev->name, folder) : 0;
}

void kp_pin_sync(struct kplug_device *dev)
{
	char root[KP_PATH_LEN], folder[KP_PATH_LEN], new_folder[KP_PATH_LEN];
	uint32_t running[KPLUG_HOOK_COUNT];
	int err;

	kp_path(root, "%s/fs/bpf/kplug", kp_sys_root);
	folder_of(dev->name, "", folder);
	folder_of(dev->name, NEW, new_folder);
	if (is_untrusted(root) || (!exists(folder) && !exists(new_folder)))
		return;
	err = get_running(dev, running);
	if (err && err != -ENOENT) /* the device was removed, and another may have its name */
		return;
	if (!err && exists(new_folder) && pins_match(new_folder, running)) {
		remove_folder(folder);
		rename(new_folder, folder);
		return;
	}
	remove_folder(new_folder);
	if (err || !pins_match(folder, running))
		remove_folder(folder);
}

/* The name of the device that a folder belongs to. */
static void device_of(const char *folder, char name[KPLUG_NAME_LEN])
{
	size_t len = strlen(folder), end = strlen(NEW);

	if (len > end && !strcmp(folder + len - end, NEW))
		len -= end;
	snprintf(name, KPLUG_NAME_LEN, "%.*s", (int)len, folder);
	replace_char(name, '+', '.');
}

/* 1: the folder was stale and is removed, 0: it is in use, or -errno. */
static int clean_folder(const char *name)
{
	char folder[KP_PATH_LEN], node[KP_PATH_LEN], device[KPLUG_NAME_LEN];
	struct kplug_device *dev = NULL;
	int err;

	device_of(name, device);
	kp_path(folder, "%s/fs/bpf/kplug/%s", kp_sys_root, name);
	kp_path(node, "%s/kplug/%s", kp_dev_root, device);
	err = exists(node) ? kplug_device_open(device, NULL, &dev) : -ENODEV;
	if (err && !exists(node)) {
		remove_folder(folder);
		return !exists(folder);
	}
	err = err ?: kp_plugin_lock(dev);
	if (!err) {
		kp_pin_sync(dev);
		flock(dev->fd, LOCK_UN); /* explicitly: a forked child may keep the file open */
	}
	kplug_device_close(dev);
	return err ?: !exists(folder);
}

int kplug_plugin_clean(size_t *ret_count)
{
	char root[KP_PATH_LEN];
	struct dirent *entry;
	size_t count = 0;
	int ret, err = 0;
	DIR *dir;

	kp_path(root, "%s/fs/bpf/kplug", kp_sys_root);
	dir = opendir(root);
	if (!dir && errno != ENOENT)
		return kp_fail(-errno, pin_reasons, "%s", root);
	if (dir && is_untrusted(root)) {
		closedir(dir);
		return untrusted(root);
	}
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		ret = clean_folder(entry->d_name);
		if (ret < 0)
			err = err ?: ret;
		else
			count += ret;
	}
	if (dir)
		closedir(dir);
	if (!err && ret_count)
		*ret_count = count;
	return err;
}
