/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of buffers and their maps share: the kinds of buffer that a machine has, other processes, conditions.
 */
#ifndef KIND_H
#define KIND_H

#include <signal.h>
#include <stdio.h>

#include "rig.h"

#define PAGE 4096

/* The kind of buffer that kind_run() is at. */
extern enum kplug_buffer_kind kind;

/*
 * RIG_RUN() with each kind that the machine offers: contiguous on both devices; behind an IOMMU paged, then
 * contiguous by request, both on edu. Returns main()'s exit status.
 */
int kind_run(const struct rig_test *tests, size_t count, struct rig_run run);
#define KIND_RUN(tests, ...)                                                                                           \
	kind_run(tests, sizeof(tests) / sizeof((tests)[0]), (struct rig_run){ .devices = RIG_BOTH, ##__VA_ARGS__ })

/* A buffer of the kind, below 28 bits. */
struct kplug_buffer *kind_buffer(struct kplug_device *device, const char *name, size_t bytes);

/* How many buffers the device has. */
uint32_t kind_count(struct kplug_device *device);

/*
 * Takes `count` buffers of this size at once, and looks after `us` microseconds how many of their bytes are not 0: the
 * device has written them, for a program that had this memory before.
 */
size_t kind_foreign_bytes(struct kplug_device *device, size_t count, size_t bytes, uint32_t dma_bits, unsigned int us);

/*
 * Runs fn(arg) in a process of its own: its return value, or minus the signal that ended it. There cmocka's checks
 * would run the rest of the tests twice: NEED() returns 1 instead.
 */
int kind_child(int (*fn)(void *arg), void *arg);
#define NEED(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			printf("# %s:%d: %s (%s; %s)\n", __FILE__, __LINE__, #condition, strerror(errno),              \
			       kplug_error());                                                                         \
			return 1;                                                                                      \
		}                                                                                                      \
	} while (0)

/* Is each of these bytes `value`? */
bool kind_all(const void *mem, int value, size_t bytes);

/*
 * One transfer of the device's DMA engine between its own memory and an address, by registers; waits for its end.
 * bytes: 1..4096.
 */
void kind_dma_in(struct kplug_device *device, uint64_t from, uint32_t offset, uint32_t bytes);
void kind_dma_out(struct kplug_device *device, uint32_t offset, uint64_t to, uint32_t bytes);

/*
 * Fills the device's own memory with a value. Starts a transfer of all of it to an address, and does not wait: 0, or
 * what the library says, also in a child.
 */
#define KIND_DMA_MAX 4088 /* bytes; QEMU's edu takes no whole page */
#define KIND_DMA_US 100000 /* how long QEMU's edu takes for any transfer (hw/misc/edu.c) */
void kind_fill_device(struct kplug_device *device, int value);
int kind_dma_start_out(struct kplug_device *device, uint64_t to);

/* assert for calls that return -1 and set errno, as the system's do */
#define assert_fails(expected, call)                                                                                   \
	do {                                                                                                           \
		errno = 0;                                                                                             \
		if ((call) != -1 || errno != (expected))                                                               \
			fail_msg("%s: got errno %d (%s), want %s", #call, errno, strerror(errno), #expected);          \
	} while (0)

#endif /* KIND_H */
