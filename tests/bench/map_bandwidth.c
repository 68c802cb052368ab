// SPDX-License-Identifier: GPL-2.0-only
/* map_bandwidth DEVICE: reading, writing and copying a mapped buffer against malloc'ed memory. */
#include <stdint.h>
#include <string.h>

#include "bench.h"
#include "libkplug.h"

#define BYTES (4U << 20)
#define ROUNDS 64

struct memories {
	uint8_t *map, *heap;
};

static volatile uint64_t sink;

static double mb_per_s(double start)
{
	return (double)ROUNDS * BYTES / 1e6 / (bench_seconds() - start);
}

static double read_all(const void *memory)
{
	const uint64_t *words = memory;
	double start = bench_seconds();
	uint64_t sum = 0;
	size_t i, round;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < BYTES / sizeof(*words); i++)
			sum += words[i];
		sink = sum;
	}
	return mb_per_s(start);
}

static double write_all(uint8_t *memory)
{
	double start = bench_seconds();
	int round;

	for (round = 0; round < ROUNDS; round++) {
		memset(memory, round, BYTES);
		__asm__ volatile("" ::: "memory");
	}
	return mb_per_s(start);
}

static double copy_all(uint8_t *memory)
{
	double start = bench_seconds();
	int round;

	for (round = 0; round < ROUNDS; round++) {
		memcpy(memory + round % 2 * BYTES / 2, memory + (round + 1) % 2 * BYTES / 2, BYTES / 2);
		__asm__ volatile("" ::: "memory");
	}
	return mb_per_s(start) / 2;
}

#define PAIR(what)                                                                                                     \
	static double what##_map(void *arg)                                                                            \
	{                                                                                                              \
		return what##_all(((struct memories *)arg)->map);                                                      \
	}                                                                                                              \
	static double what##_heap(void *arg)                                                                           \
	{                                                                                                              \
		return what##_all(((struct memories *)arg)->heap);                                                     \
	}
PAIR(read)
PAIR(write)
PAIR(copy)

int main(int argc, char **argv)
{
	struct kplug_device *dev;
	struct kplug_buffer *buf;
	struct memories m;

	if (argc != 2 || kplug_device_open(argv[1], NULL, &dev) || kplug_buffer_alloc(dev, "bw", BYTES, NULL, &buf)) {
		fprintf(stderr, "map_bandwidth: %s\n", kplug_error());
		return 1;
	}
	m.map = kplug_buffer_ptr(buf);
	m.heap = aligned_alloc(4096, BYTES);
	if (!m.heap)
		return 1;
	memset(m.heap, 1, BYTES);
	memset(m.map, 1, BYTES);
	bench_pair("map_read_vs_malloc", "MB/s", read_map, "malloc", read_heap, &m);
	puts(",");
	bench_pair("map_write_vs_malloc", "MB/s", write_map, "malloc", write_heap, &m);
	puts(",");
	bench_pair("map_copy_vs_malloc", "MB/s", copy_map, "malloc", copy_heap, &m);
	free(m.heap);
	kplug_buffer_free(buf);
	kplug_device_close(dev);
	return 0;
}
