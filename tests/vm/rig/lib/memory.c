// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <stdio.h>
#include <unistd.h>

#include "rig.h"

long memory_available_kib(void)
{
	FILE *file = fopen("/proc/sys/vm/drop_caches", "w");

	assert_non_null(file);
	fputs("3", file);
	fclose(file);
	return rig_sum("/proc/meminfo", "MemAvailable:") + rig_sum("/proc/zoneinfo", "count:") * (getpagesize() / 1024);
}

bool memory_is_back(void *before)
{
	return *(long *)before - memory_available_kib() < MEMORY_SLACK_KIB;
}
