// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <stdio.h>
#include <unistd.h>

#include "rig.h"

/* The sum of the numbers behind `label` in a file of /proc. */
static long sum(const char *path, const char *label)
{
	FILE *file = fopen(path, "r");
	long all = 0, value;
	char line[256];
	char *text;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		text = line + strspn(line, " ");
		if (!strncmp(text, label, strlen(label)) && sscanf(text + strlen(label), "%ld", &value) == 1)
			all += value;
	}
	fclose(file);
	return all;
}

long memory_available_kib(void)
{
	FILE *file = fopen("/proc/sys/vm/drop_caches", "w");

	assert_non_null(file);
	fputs("3", file);
	fclose(file);
	return sum("/proc/meminfo", "MemAvailable:") + sum("/proc/zoneinfo", "count:") * (getpagesize() / 1024);
}

bool memory_is_back(void *before)
{
	return *(long *)before - memory_available_kib() < MEMORY_SLACK_KIB;
}
