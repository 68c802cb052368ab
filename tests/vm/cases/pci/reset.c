// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_INFO hook:event kmod/pci/pci.c kmod/pci/recovery.c kmod/buffer/quarantine.c kmod/node/node.c */
/*
 * A device that can be reset (QEMU's igb, an Intel 82576): it is, where it could still write the memory of a program that
 * has ended, and when nobody else has it open. Programs and plugin are told of every reset.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/kind.h"

#define MTA 0x5200 /* a table of multicast addresses: memory that a reset clears */
#define MARK 0x12345678
#define BYTES (2 * PAGE)

static char address[KPLUG_NAME_LEN];

static void reopen(void)
{
	rig_close();
	assert_ok(kplug_device_open(address, NULL, &dev));
}

static uint64_t mark(void)
{
	uint64_t value = 0;

	assert_ok(kplug_reg_read(dev, 0, MTA, 4, &value));
	return value;
}

static uint64_t quarantined(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info.out_quarantined;
}

static void setup(void)
{
	rig_find_pci(0x8086, 0x10c9, address);
	assert_ok(kplug_bind(address, false));
	reopen();
	assert_ok(kplug_reg_write(dev, 0, MTA, 4, MARK));
	assert_int_equal(mark(), MARK);
}

static void teardown(void)
{
	rig_close();
	assert_ok(kplug_unbind(address));
}

static int is_killed(void *arg)
{
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf = NULL;

	(void)arg;
	NEED(!kplug_device_open(address, NULL, &own));
	NEED(!kplug_buffer_alloc(own, "victim", BYTES, NULL, &buf));
	raise(SIGKILL);
	return 0;
}

static void can_be_reset(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	assert_true(info.out_flags & KPLUG_INFO_RESET);
}

static void last_program_is_killed(void)
{
	rig_close();
	assert_int_equal(kind_child(is_killed, NULL), -SIGKILL);
	reopen();
	assert_int_equal(quarantined(), 0);
	assert_int_equal(mark(), 0);
}

static void another_has_it_open(void)
{
	assert_int_equal(kind_child(is_killed, NULL), -SIGKILL);
	assert_int_equal(mark(), MARK);
	assert_int_equal(quarantined(), BYTES);
	reopen();
	assert_int_equal(mark(), 0);
	assert_int_equal(quarantined(), 0);
}

/* Who may program the device says what it does. */
static void freed_by_its_program(void)
{
	struct kplug_buffer *buf = NULL;

	assert_ok(kplug_buffer_alloc(dev, "own", BYTES, NULL, &buf));
	kplug_buffer_free(buf);
	reopen();
	assert_int_equal(mark(), MARK);
}

static void removed_with_a_buffer(void)
{
	struct kplug_buffer *buf = NULL;

	assert_ok(kplug_buffer_alloc(dev, "own", BYTES, NULL, &buf));
	assert_ok(kplug_unbind(address));
	kplug_buffer_free(buf);
	rig_close();
	assert_ok(kplug_bind(address, false));
	reopen();
	assert_int_equal(mark(), 0);
}

static void rebind(void)
{
	rig_close();
	assert_ok(kplug_unbind(address));
	assert_ok(kplug_bind(address, false));
	reopen();
}

static enum kplug_reset_policy policy(void)
{
	enum kplug_reset_policy now = KPLUG_RESET_POLICIES;

	assert_ok(kplug_reset_policy_get(address, &now));
	return now;
}

/* Root takes care of the device: not even its unbind resets it. */
static void never(void)
{
	assert_ok(kplug_reset_policy_set(address, KPLUG_RESET_NEVER));
	rig_close();
	assert_int_equal(kind_child(is_killed, NULL), -SIGKILL);
	reopen();
	assert_int_equal(quarantined(), BYTES);
	assert_int_equal(policy(), KPLUG_RESET_NEVER);
	rebind();
	assert_int_equal(quarantined(), 0);
	assert_int_equal(mark(), MARK);
	assert_int_equal(policy(), KPLUG_RESET_NEEDED);
}

static void always(void)
{
	rebind();
	assert_int_equal(mark(), MARK); /* nobody had memory */
	assert_ok(kplug_reset_policy_set(address, KPLUG_RESET_ALWAYS));
	assert_int_equal(policy(), KPLUG_RESET_ALWAYS);
	rebind();
	assert_int_equal(mark(), 0);
}

static void no_policy(void)
{
	enum kplug_reset_policy now;
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/kplug_reset", address);
	assert_errno(EINVAL, rig_write(path, "sometimes"));
	assert_errno(EINVAL, kplug_reset_policy_set(address, KPLUG_RESET_POLICIES));
	assert_errno(ENOENT, kplug_reset_policy_set("0000:00:1f.7", KPLUG_RESET_NEVER));
	assert_errno(ENOENT, kplug_reset_policy_get("0000:00:00.0", &now)); /* the host bridge, without a driver */
	assert_int_equal(policy(), KPLUG_RESET_NEEDED);
}

static void reset_by_root(void)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", address);
	assert_int_equal(rig_write(path, "1"), 0);
}

static void readers_are_told(void)
{
	struct kplug_record record = {};

	reset_by_root();
	assert_int_equal(read(kplug_device_fd(dev), &record, sizeof(record)), sizeof(record));
	assert_int_equal(record.type, KPLUG_RECORD_EVENT);
	assert_int_equal(record.vector, KPLUG_EVENT_RESET);
	assert_int_equal(mark(), 0);
	assert_ok(kplug_reg_write(dev, 0, MTA, 4, MARK));
	assert_int_equal(mark(), MARK);
}

/* A mapped BAR is taken away for the reset, and faults again. */
static void mapped_registers(void)
{
	volatile uint32_t *bar =
		mmap(NULL, 0x20000, PROT_READ | PROT_WRITE, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BAR(0));

	assert_ptr_not_equal(bar, MAP_FAILED);
	assert_int_equal(bar[MTA / 4], MARK);
	reset_by_root();
	assert_int_equal(bar[MTA / 4], 0);
	bar[MTA / 4] = MARK;
	assert_int_equal(mark(), MARK);
	munmap((void *)bar, 0x20000);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(can_be_reset),
		TEST(last_program_is_killed),
		TEST(another_has_it_open),
		TEST(freed_by_its_program),
		TEST(removed_with_a_buffer),
		TEST(readers_are_told),
		TEST(mapped_registers),
		TEST(never),
		TEST(always),
		TEST(no_policy),
	};

	return RIG_RUN(tests, RIG_NONE, .setup = setup, .teardown = teardown);
}
