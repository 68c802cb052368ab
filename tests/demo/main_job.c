// SPDX-License-Identifier: GPL-2.0-only
/*
 * The main job as a program: main_job DEVICE BUFFER COPIES
 *
 * Writes a pattern into the buffer through its own mapping, asks the plugin edu.bpf.c by a call to have the device
 * copy it to another place of the buffer, sleeps until the plugin wakes it, and compares. No byte goes through the
 * kernel: program, plugin and device see the same pages.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libkplug.h"

#include "../../bpf/edu.h"

#define BYTES 1024 /* per copy */

static int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, kplug_error());
	return 1;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void fill(void *data, uint64_t seed)
{
	uint64_t *words = data;
	uint32_t i;

	for (i = 0; i < BYTES / 8; i++)
		words[i] = (seed * (BYTES / 8) + i) * 0x9e3779b97f4a7c15;
}

/* One copy: 0, or 1 after a message. */
static int copy(struct kplug_device *dev, struct edu_buffer *shared, uint64_t number)
{
	struct edu_copy arg = { .dst = sizeof(shared->data) - BYTES, .bytes = BYTES };
	struct kplug_record record;
	int64_t result;
	size_t count;

	arg.src = number % 32 * BYTES;
	fill(shared->data + arg.src, number);
	if (kplug_call(dev, EDU_CALL_COPY, &arg, sizeof(arg), &result))
		return failed("call");
	if (result) {
		fprintf(stderr, "the plugin refuses the copy: %s\n", strerror(-result));
		return 1;
	}
	if (kplug_irq_wait(dev, 10000, &record, 1, &count))
		return failed("wait");
	if (memcmp(shared->data + arg.src, shared->data + arg.dst, BYTES)) {
		fprintf(stderr, "copy %llu: the bytes differ\n", (unsigned long long)number);
		return 1;
	}
	return 0;
}

static int run(struct kplug_device *dev, struct edu_buffer *shared, uint64_t copies)
{
	uint64_t interrupts = shared->interrupts, done = shared->copies, i;
	double start;

	if (kplug_irq_enable(dev, 0, NULL, 0))
		return failed("enable");
	start = seconds();
	for (i = 0; i < copies; i++)
		if (copy(dev, shared, i))
			return 1;
	start = seconds() - start;
	interrupts = shared->interrupts - interrupts;
	done = shared->copies - done;
	printf("  wrote a pattern of %d bytes, called the plugin, slept, was woken, compared: %llu times\n", BYTES,
	       (unsigned long long)copies);
	printf("  bytes compared: %llu, all equal\n", (unsigned long long)copies * BYTES);
	printf("  the plugin's counters in the buffer: %llu interrupts, %llu copies (two transfers and interrupts "
	       "each)\n",
	       (unsigned long long)interrupts, (unsigned long long)done);
	if (copies > 1)
		printf("  rate: %.0f transfers/s, %.1f MB/s, in %.1f s\n", 2 * copies / start,
		       2e-6 * copies * BYTES / start, start);
	if (interrupts != 2 * copies || done != copies) {
		fprintf(stderr, "the plugin's counters are wrong\n");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct kplug_device *dev = NULL;
	struct kplug_buffer *buf = NULL;
	int ret = 1;

	if (argc != 4) {
		fprintf(stderr, "usage: main_job DEVICE BUFFER COPIES\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (kplug_device_open(argv[1], NULL, &dev) || kplug_buffer_open(dev, argv[2], &buf)) {
		failed("open");
		goto out;
	}
	if (kplug_buffer_size(buf) < sizeof(struct edu_buffer)) {
		fprintf(stderr, "buffer %s: %zu bytes, the plugin's struct has %zu\n", argv[2], kplug_buffer_size(buf),
			sizeof(struct edu_buffer));
		goto out;
	}
	printf("  buffer %s: %zu bytes at %p here and at device address %#llx, BPF map %u\n", argv[2],
	       kplug_buffer_size(buf), kplug_buffer_ptr(buf), (unsigned long long)kplug_buffer_dma_addr(buf),
	       kplug_buffer_map_id(buf));
	ret = run(dev, kplug_buffer_ptr(buf), strtoull(argv[3], NULL, 0));
out:
	kplug_buffer_free(buf);
	kplug_device_close(dev);
	return ret;
}
