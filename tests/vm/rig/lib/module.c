// SPDX-License-Identifier: GPL-2.0-only
#include "module.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

bool module_loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

static void load(const char *name)
{
	char path[256];
	int fd;

	if (module_loaded(name))
		return;
	snprintf(path, sizeof(path), "%s/%s.ko", getenv("KPLUG_KMOD"), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(syscall(SYS_finit_module, fd, "", 0) ? -errno : 0);
	close(fd);
}

void module_load(void)
{
	load("kplug");
	load("kplug_pci");
	load("kplug_soft");
	load("kplug_memory");
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static bool unloaded(void *name)
{
	int err = module_unload(name);

	if (err && err != -EAGAIN)
		fail_msg("%s: %s", (char *)name, strerror(-err));
	return !err;
}

void module_until_unloaded(const char *name)
{
	rig_until(unloaded, (void *)name);
}
