/* SPDX-License-Identifier: GPL-2.0-only */
/* What the guest's test programs share: devices to run on, and small helpers. All fail the running test on error. */
#ifndef RIG_H
#define RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/edu_regs.h"
#include "libkplug.h"

#define RIG_SOFT 0x1U
#define RIG_EDU 0x2U
#define RIG_BOTH (RIG_SOFT | RIG_EDU)

/* Of the software device only. */
#define SOFT_RAISE_VECTOR 0xa0

/* The device that a test runs on: its initial state. */
struct rig_dev {
	bool soft;
	char name[KPLUG_NAME_LEN];
};

/*
 * Runs the tests once per device kind, as one cmocka group; makes or binds the devices before and takes them away
 * after. The tests' initial_state is set. Returns main()'s exit status.
 */
int rig_run(const struct CMUnitTest *tests, size_t count, unsigned int devices);
#define RIG_RUN(tests, devices) rig_run(tests, sizeof(tests) / sizeof((tests)[0]), devices)

struct kplug_device *rig_open(const struct rig_dev *d);
/* A buffer of the device that its DMA engine reaches (28 bits). */
struct kplug_buffer *rig_buffer(struct kplug_device *dev, const char *name, size_t bytes);
/* Opens $KPLUG_BPF/NAME.bpf.o or $KPLUG_TEST/NAME.bpf.o and loads it; asserts success. */
void rig_load(struct kplug_device *dev, const char *object, const char *buffer);
/* The object file's path, in storage of this thread. */
const char *rig_object(const char *object);

/* Raises vector 0 the way the hardware does. */
void rig_raise(struct kplug_device *dev, uint32_t status);
/* Whether the PCI device of this address keeps its INTx line off. */
bool rig_line_is_off(const char *address);
/* Waits until fn(arg) is true, for ten seconds at most; then fails. */
void rig_until_named(bool (*fn)(void *arg), void *arg, const char *name);
#define rig_until(fn, arg) rig_until_named(fn, arg, #fn)

#define assert_ok(call)                                                                                                \
	do {                                                                                                           \
		int rig_err = (call);                                                                                  \
		if (rig_err)                                                                                           \
			fail_msg("%s: %s (%s)", #call, strerror(-rig_err), kplug_error());                             \
	} while (0)
#define assert_errno(expected, call)                                                                                   \
	do {                                                                                                           \
		int rig_err = (call);                                                                                  \
		if (rig_err != -(expected))                                                                            \
			fail_msg("%s: got %d, want -%s (%s)", #call, rig_err, #expected, kplug_error());               \
	} while (0)

#endif /* RIG_H */
