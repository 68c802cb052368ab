// SPDX-License-Identifier: GPL-2.0-only
#include "pins.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static char second[KPLUG_NAME_LEN];

int pins_open_large(struct kplug_device **ret_dev)
{
	const char *addresses = getenv("KPLUG_EDU");

	if (!addresses || sscanf(addresses, "%*s %31s", second) != 1 || kplug_bind(second, false))
		return -1;
	return kplug_device_open(second, NULL, ret_dev);
}

int pins_close_large(struct kplug_device *device)
{
	kplug_device_close(device);
	return kplug_unbind(second);
}

/* The number after `word` in a file of such lines. */
static unsigned long read_number(const char *path, const char *word)
{
	FILE *f = fopen(path, "r");
	unsigned long n = 0;
	char line[128];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word)))
			n = strtoul(line + strlen(word), NULL, 10);
	fclose(f);
	return n;
}

long pins(void)
{
	/* What the CPUs have counted for themselves goes to the sum. */
	read_number("/proc/sys/vm/stat_refresh", "");
	return (long)(read_number("/proc/vmstat", "nr_foll_pin_acquired ") -
		      read_number("/proc/vmstat", "nr_foll_pin_released "));
}

static bool pinned(void *count)
{
	return pins() == *(long *)count;
}

void pins_until(long count)
{
	rig_until(pinned, &count);
}

uint64_t pins_charged(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info.out_charged;
}

int pins_limit(unsigned long kib)
{
	struct rlimit limit = { kib << 10, kib << 10 };

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534);
}
