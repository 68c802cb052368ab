// SPDX-License-Identifier: GPL-2.0-only
#include "pins.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kind.h"

static struct rig_dev soft = { .soft = true, .name = "t64" }, edu;

static int setup(void **state)
{
	(void)state;
	return kplug_bind(edu.name, false) || (soft.soft && kplug_soft_create(soft.name, 1, 64)) ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return kplug_unbind(edu.name) || (soft.soft && kplug_soft_delete(soft.name)) ? -1 : 0;
}

int pins_run(const struct CMUnitTest *tests, size_t count, bool *ret_translated)
{
	struct CMUnitTest *all = calloc(2 * count, sizeof(*all));
	const char *addresses = getenv("KPLUG_EDU");
	size_t n = 0, i;

	*ret_translated = kind_machine("iommu");
	soft.soft = !*ret_translated;
	if (!all || !addresses || sscanf(addresses, *ret_translated ? "%31s" : "%*s %31s", edu.name) != 1)
		return 1;
	for (i = *ret_translated ? count : 0; i < 2 * count; i++, n++) {
		struct rig_dev *d = i < count ? &soft : &edu;
		char *name;

		all[n] = tests[i % count];
		if (asprintf(&name, "%s: %s", d->soft ? "soft" : "edu", all[n].name) < 0)
			return 1;
		all[n].name = name;
		all[n].initial_state = d;
	}
	return _cmocka_run_group_tests("rig", all, n, setup, teardown);
}

int pins_open_large(struct kplug_device **ret_dev)
{
	const char *addresses = getenv("KPLUG_EDU");

	if (!addresses || sscanf(addresses, "%*s %31s", edu.name) != 1 || kplug_bind(edu.name, false))
		return -1;
	return kplug_device_open(edu.name, NULL, ret_dev);
}

int pins_close_large(struct kplug_device *dev)
{
	kplug_device_close(dev);
	return kplug_unbind(edu.name);
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

uint64_t pins_locked(void)
{
	return (uint64_t)read_number("/proc/self/status", "VmLck:") << 10;
}

int pins_limit(unsigned long kib)
{
	struct rlimit limit = { kib << 10, kib << 10 };

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534);
}
