// SPDX-License-Identifier: GPL-2.0-only
/* See Documentation/fault-injection/fault-injection.rst, "fail-nth". */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "fault.h"

#define DEBUG "/sys/kernel/debug/"
#define NTH "/proc/thread-self/fail-nth"
#define ARM "/sys/module/fail/parameters/arm"

static unsigned int get(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strtoul(text, NULL, 10);
}

/* The text of both modules, and what lies between. */
static void text_range(unsigned long *ret_start, unsigned long *ret_end)
{
	FILE *file = fopen("/proc/modules", "r");
	unsigned long size, start;
	char line[256], name[64];

	assert_non_null(file);
	*ret_start = ULONG_MAX;
	*ret_end = 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %lu %*s %*s %*s %lx", name, &size, &start) != 3 || strncmp(name, "kplug", 5))
			continue;
		*ret_start = start < *ret_start ? start : *ret_start;
		*ret_end = start + size > *ret_end ? start + size : *ret_end;
	}
	fclose(file);
	assert_true(*ret_start < *ret_end);
}

/* A function of the kernel itself, whose symbols are in the order of their addresses; 0 and 0 if there is none. */
static void function_range(const char *function, unsigned long *ret_start, unsigned long *ret_end)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], name[256];
	unsigned long address;

	assert_non_null(file);
	*ret_start = *ret_end = 0;
	while ((!*ret_start || *ret_start == *ret_end) && fgets(line, sizeof(line), file)) {
		assert_int_equal(sscanf(line, "%lx %*c %255s", &address, name), 2);
		if (*ret_start)
			*ret_end = address;
		else if (!strcmp(name, function))
			*ret_start = *ret_end = address;
	}
	fclose(file);
}

static void put_range(const char *attr, const char *what, unsigned long start, unsigned long end)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s/%s-start", attr, what);
	snprintf(text, sizeof(text), "0x%lx", start);
	assert_ok(rig_write(path, text));
	snprintf(path, sizeof(path), "%s/%s-end", attr, what);
	snprintf(text, sizeof(text), "0x%lx", end);
	assert_ok(rig_write(path, text));
}

/*
 * Of the allocations only those that kplug or what it calls makes: not those of a firmware's interpreter far below, nor
 * those of DMA-API debugging, which would go blind. The kernel for coverage has none: 0 to 0 rejects nothing.
 */
static void only_ours(const char *attr)
{
	unsigned long start, end;
	char path[128];

	text_range(&start, &end);
	put_range(attr, "require", start, end);
	function_range("add_dma_entry", &start, &end);
	put_range(attr, "reject", start, end);
	snprintf(path, sizeof(path), "%s/stacktrace-depth", attr);
	assert_ok(rig_write(path, "12"));
}

void fault_init(void)
{
	only_ours(DEBUG "failslab");
	only_ours(DEBUG "fail_page_alloc");
	assert_ok(rig_write(DEBUG "failslab/ignore-gfp-wait", "N"));
	assert_ok(rig_write(DEBUG "failslab/verbose", "0"));
	assert_ok(rig_write(DEBUG "fail_page_alloc/ignore-gfp-wait", "N"));
	assert_ok(rig_write(DEBUG "fail_page_alloc/ignore-gfp-highmem", "N"));
	assert_ok(rig_write(DEBUG "fail_page_alloc/min-order", "0"));
	assert_ok(rig_write(DEBUG "fail_page_alloc/verbose", "0"));
	assert_int_equal(system("busybox insmod $KPLUG_KMOD/../debug/fail.ko"), 0);
}

void fault_exit(void)
{
	assert_int_equal(system("rmmod fail"), 0);
}

/* The descriptor is open before, since opening allocates. */
static int nth_fd = -1;

void fault_alloc(unsigned int nth)
{
	char text[16];
	int length = sprintf(text, "%u", nth);

	nth_fd = open(NTH, O_RDWR | O_CLOEXEC);
	assert_true(nth_fd >= 0);
	assert_int_equal(pwrite(nth_fd, text, length, 0), length);
}

bool fault_alloc_end(void)
{
	char text[16] = "";

	/* Whatever is left, it must not hit the test itself. */
	assert_true(pread(nth_fd, text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(pwrite(nth_fd, "0", 1, 0), 1);
	close(nth_fd);
	return !strtoul(text, NULL, 10);
}

int fault_call(const char *function, unsigned int nth, long value)
{
	char text[128];

	sprintf(text, "%s %u %ld", function, nth, value);
	return rig_write(ARM, text);
}

int fault_hold(const char *function, unsigned int nth)
{
	char text[128];

	sprintf(text, "%s %u held", function, nth);
	return rig_write(ARM, text);
}

static bool called(void *arg)
{
	(void)arg;
	return get(ARM);
}

void fault_wait(void)
{
	rig_until(called, NULL);
}

bool fault_call_end(unsigned int nth)
{
	unsigned int calls = get(ARM);

	assert_ok(rig_write(ARM, "none"));
	return calls >= nth;
}
