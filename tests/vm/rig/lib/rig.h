/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest's test programs share: the fixture, devices to run on, and small helpers. All fail the running test on
 * error.
 */
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

/* The devices that tests run on. */
#define RIG_NONE 0U /* the tests make their own */
#define RIG_SOFT 0x1U /* a software device with 32 vectors */
#define RIG_EDU 0x2U /* edu's first device */
#define RIG_BOTH (RIG_SOFT | RIG_EDU)
#define RIG_SOFT_64 0x4U /* a software device of 64 bits: reaches all of the memory */
#define RIG_EDU_64 0x8U /* edu's second device, which does so, too */

/* Devices that reach any memory: those of 64 bits; behind an IOMMU edu's first. */
unsigned int rig_any_memory(void);

/* Of the software device only. */
#define SOFT_RAISE_VECTOR 0xa0

struct rig_dev {
	bool soft;
	char name[KPLUG_NAME_LEN];
};

/*
 * The running test's device, and a handle of it. The handle is opened before the test and closed after it; a test may
 * close it itself (rig_close()) and open it again. With RIG_NONE both are NULL at first, and the case's own business.
 */
extern const struct rig_dev *at;
extern struct kplug_device *dev;

/*
 * A test is a `static void NAME(void)` and a row of its case's list. The compiler refuses a test that no list names: it
 * is an unused function.
 */
struct rig_test {
	const char *name;
	void (*run)(void);
	bool bare; /* without the case's setup and teardown */
};
#define TEST(fn) { .name = #fn, .run = (fn) }
#define BARE(fn) { .name = #fn, .run = (fn), .bare = true }

/* What a list of tests runs on and within; a function may be NULL. */
struct rig_run {
	unsigned int devices; /* RIG_... */
	bool closed; /* no handle is opened: dev is NULL */
	void (*begin)(void); /* once, when the devices are there */
	void (*setup)(void); /* before each test, with dev open */
	void (*teardown)(void); /* after it, whether it passed or not */
	void (*end)(void); /* once, while the devices are still there */
};

/*
 * RIG_RUN(tests, RIG_BOTH, .setup = setup): runs the tests once per device, as one cmocka group; makes or binds the
 * devices before and takes them away after. With KPLUG_ONE_DEVICE in the environment only edu stands for both: for
 * tests of which no line depends on the bus side. After each test and its teardown the plugin is unloaded, and the device
 * must be left with no more buffers and locked memory than before. Returns main()'s exit status.
 */
int rig_run(const struct rig_test *tests, size_t count, struct rig_run run);
#define RIG_RUN(tests, ...)                                                                                            \
	rig_run(tests, sizeof(tests) / sizeof((tests)[0]), (struct rig_run){ .devices = __VA_ARGS__ })

/* Are we on the machine of this name (tests/vm/rig/boot.sh)? */
bool rig_machine(const char *name);

/* The address of the first PCI function with these ids; asserts that there is one. */
void rig_find_pci(uint16_t vendor, uint16_t device, char address[KPLUG_NAME_LEN]);

struct kplug_device *rig_open(const struct rig_dev *d);
/* Closes dev, if it is open; dev is NULL. */
void rig_close(void);
/* A buffer of the device that its DMA engine reaches (28 bits). */
struct kplug_buffer *rig_buffer(struct kplug_device *device, const char *name, size_t bytes);
/* KPLUG_BUFFER_KEEP or _FREE, without the library: 0 or a negative errno. */
int rig_buffer_ioctl(int fd, unsigned long command, const char *name);
/* Undoes a KPLUG_BUFFER_ALLOC: closes its fd, and frees the buffer. 0 or a negative errno. */
int rig_buffer_undo(int fd, const struct kplug_buffer_alloc *req);
/* Opens $KPLUG_BPF/NAME.bpf.o or $KPLUG_TEST/NAME.bpf.o and loads it; asserts success. */
void rig_load(struct kplug_device *device, const char *object, const char *buffer);
/* Loads a plugin that vouches for the device: what ended programs had is given back at once, not kept in quarantine. */
void rig_vouch(struct kplug_device *device);
/* The object file's path, in storage of this thread. */
const char *rig_object(const char *object);

/* Does the kernel notice what is plugged in? The debug kernel does not. */
bool rig_can_plug(void);
/* Plugs a PCI function of this QEMU model into the empty port, and waits until it has come: its address. */
void rig_plug(const char *model, char address[KPLUG_NAME_LEN]);
/* Pulls it by QEMU's device_del: the kernel is told, and removes it. Does not wait. */
void rig_pull(void);
/* Is there no PCI function of this address? */
bool rig_pulled(void *address);

/* Writes text to a file, as of sysfs: 0 or a negative errno. */
int rig_write(const char *path, const char *text);
/* The sum of the numbers behind `label`, at the start of a line, in a file of /proc; there must be one. */
long rig_sum(const char *path, const char *label);
/* Raises vector 0 the way the hardware does. */
void rig_raise(struct kplug_device *device, uint32_t status);
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
