// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Scanning, binding and opening, in a folder laid out as sysfs and /dev are. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/base.h"

#define EDU "0000:00:03.0" /* no driver */
#define NIC "0000:00:02.0" /* e1000e */
#define OURS "0000:00:04.0" /* kplug, and no node */

static char root[] = "/tmp/kplug-test-XXXXXX";

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(root) || chdir(root))
		return -1;
	run("mkdir -p bus/pci/devices bus/pci/drivers/e1000e bus/pci/drivers/kplug class/kplug/soft0 "
	    "class/kplug/0000:00:04.0 dev/kplug");
	run("for i in '3 0x1234 0x11e8' '2 0x8086 0x10d3' '4 0x1234 0x11e8'; do set -- $i; "
	    "d=bus/pci/devices/0000:00:0$1.0; mkdir $d; echo $2 >$d/vendor; echo $3 >$d/device; "
	    ">$d/driver_override; done");
	run("ln -s ../../drivers/e1000e bus/pci/devices/0000:00:02.0/driver");
	run("ln -s ../../drivers/kplug bus/pci/devices/0000:00:04.0/driver");
	run(">bus/pci/drivers_probe; >bus/pci/drivers/e1000e/unbind; >bus/pci/drivers/kplug/unbind");
	run("ln -s ../../../bus/pci/devices/0000:00:04.0 class/kplug/0000:00:04.0/device");
	kp_sys_root = root;
	kp_dev_root = "dev";
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	kp_sys_root = "/sys";
	kp_dev_root = "/dev";
	run("rm -rf \"$PWD\"");
	return chdir("/");
}

static void expect_file(const char *path, const char *text)
{
	char buf[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	buf[fread(buf, 1, sizeof(buf) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(buf, text);
	assert_int_equal(truncate(path, 0), 0);
}

static void expect(int got, int err, const char *text)
{
	assert_int_equal(got, err);
	assert_string_equal(kplug_error(), text);
}

static void test_scan(void **state)
{
	struct kplug_scan_entry *entries;
	size_t count;

	(void)state;
	assert_int_equal(kplug_scan(&entries, &count), 0);
	assert_int_equal(count, 4);
	assert_string_equal(entries[0].name, NIC);
	assert_string_equal(entries[0].driver, "e1000e");
	assert_int_equal(entries[0].vendor, 0x8086);
	assert_int_equal(entries[0].device, 0x10d3);
	assert_false(entries[0].bound || entries[0].soft);
	assert_string_equal(entries[1].name, EDU);
	assert_string_equal(entries[1].driver, "");
	assert_false(entries[1].bound || entries[1].soft);
	assert_string_equal(entries[2].name, OURS);
	assert_true(entries[2].bound && !entries[2].soft);
	assert_string_equal(entries[3].name, "soft0");
	assert_string_equal(entries[3].driver, "kplug_soft");
	assert_true(entries[3].bound && entries[3].soft);
	free(entries);
}

/* No PCI, no module. */
static void test_scan_nothing(void **state)
{
	struct kplug_scan_entry *entries = (void *)1;
	size_t count = 1;

	(void)state;
	kp_sys_root = "nothing-here";
	assert_int_equal(kplug_scan(&entries, &count), 0);
	kp_sys_root = root;
	assert_int_equal(count, 0);
	assert_null(entries);
}

static void test_bind_unknown(void **state)
{
	(void)state;
	expect(kplug_bind("00:03.0", false), -ENOENT,
	       "device 00:03.0: no such PCI function; addresses look like 0000:00:03.0");
}

static void test_bind_path(void **state)
{
	(void)state;
	expect(kplug_bind("../devices/" EDU, false), -ENOENT,
	       "device ../devices/0000:00:03.0: no such PCI function; addresses look like 0000:00:03.0");
}

static void test_bind_busy(void **state)
{
	(void)state;
	expect(kplug_bind(NIC, false), -EBUSY,
	       "device 0000:00:02.0: bound to driver e1000e; unbind it first, or force it");
	expect_file("bus/pci/devices/" NIC "/driver_override", "");
	expect_file("bus/pci/drivers/e1000e/unbind", "");
}

static void test_bind_already(void **state)
{
	(void)state;
	expect(kplug_bind(OURS, true), -EALREADY, "device 0000:00:04.0: already bound to kplug");
}

static void test_bind_without_module(void **state)
{
	(void)state;
	run("mv bus/pci/drivers/kplug kplug.away");
	expect(kplug_bind(EDU, false), -ENOPKG, "device 0000:00:03.0: the module kplug is not loaded; modprobe kplug");
	run("mv kplug.away bus/pci/drivers/kplug");
}

static void test_locked_down(void **state)
{
	(void)state;
	run("mkdir -p kernel/security");
	run("echo 'none [integrity] confidentiality' >kernel/security/lockdown");
	expect(kplug_soft_create("soft1", 1, 0), -ENOPKG,
	       "software device soft1: the module kplug_soft is not loaded; the kernel is locked down, so sign it with "
	       "a key "
	       "that the kernel trusts, then modprobe kplug_soft");
	run("echo '[none] integrity confidentiality' >kernel/security/lockdown");
	expect(kplug_soft_create("soft1", 1, 0), -ENOPKG,
	       "software device soft1: the module kplug_soft is not loaded; modprobe kplug_soft");
}

/* Nothing binds here, so each attempt fails at its end, with everything undone. */
static void test_bind_not_taken(void **state)
{
	(void)state;
	expect(kplug_bind(EDU, false), -EIO, "device 0000:00:03.0: kplug's probe failed; the kernel's log says why");
	/* No driver to give it back to, so one probe; a file keeps what a later and shorter write leaves. */
	expect_file("bus/pci/devices/" EDU "/driver_override", "\nplug");
	expect_file("bus/pci/drivers_probe", EDU);
}

static void test_bind_by_force_not_taken(void **state)
{
	(void)state;
	expect(kplug_bind(NIC, true), -EIO, "device 0000:00:02.0: kplug's probe failed; the kernel's log says why");
	expect_file("bus/pci/drivers/e1000e/unbind", NIC);
	expect_file("bus/pci/devices/" NIC "/driver_override", "\nplug");
	expect_file("bus/pci/drivers_probe", NIC);
}

/* It was meant for another driver, to which it goes back. */
static void test_bind_not_taken_with_override(void **state)
{
	(void)state;
	run("printf vfio-pci >bus/pci/devices/" NIC "/driver_override");
	expect(kplug_bind(NIC, true), -EIO, "device 0000:00:02.0: kplug's probe failed; the kernel's log says why");
	expect_file("bus/pci/devices/" NIC "/driver_override", "vfio-pci");
	expect_file("bus/pci/drivers/e1000e/unbind", NIC);
	expect_file("bus/pci/drivers_probe", NIC);
}

/* What a bind has left that was killed must not keep its driver from the device. */
static void test_bind_not_taken_with_left_over(void **state)
{
	(void)state;
	run("printf kplug >bus/pci/devices/" NIC "/driver_override");
	expect(kplug_bind(NIC, true), -EIO, "device 0000:00:02.0: kplug's probe failed; the kernel's log says why");
	expect_file("bus/pci/devices/" NIC "/driver_override", "\nplug");
	expect_file("bus/pci/drivers/e1000e/unbind", NIC);
	expect_file("bus/pci/drivers_probe", NIC);
}

static void test_reset_policy(void **state)
{
	enum kplug_reset_policy policy = KPLUG_RESET_POLICIES;

	(void)state;
	expect(kplug_reset_policy_set(NIC, KPLUG_RESET_NEVER), -ENOENT,
	       "device 0000:00:02.0: not bound to kplug (driver: e1000e)");
	expect(kplug_reset_policy_get("0000:00:1f.7", &policy), -ENOENT,
	       "device 0000:00:1f.7: no such PCI function; addresses look like 0000:00:03.0");
	run(">bus/pci/devices/" OURS "/kplug_reset");
	assert_int_equal(kplug_reset_policy_set(OURS, KPLUG_RESET_ALWAYS), 0);
	expect_file("bus/pci/devices/" OURS "/kplug_reset", "always");
	run("echo always >bus/pci/devices/" OURS "/kplug_reset"); /* as sysfs ends a line */
	assert_int_equal(kplug_reset_policy_get(OURS, &policy), 0);
	assert_int_equal(policy, KPLUG_RESET_ALWAYS);
	expect(kplug_reset_policy_set(OURS, KPLUG_RESET_POLICIES), -EINVAL,
	       "device 0000:00:04.0: no such reset policy");
	run("echo sometimes >bus/pci/devices/" OURS "/kplug_reset");
	assert_int_equal(kplug_reset_policy_get(OURS, &policy), -EPROTO);
	assert_int_equal(policy, KPLUG_RESET_ALWAYS);
}

static void test_unbind(void **state)
{
	(void)state;
	assert_int_equal(kplug_unbind(OURS), 0);
	expect_file("bus/pci/drivers/kplug/unbind", OURS);
	expect_file("bus/pci/devices/" OURS "/driver_override", "\n");
}

static void test_unbind_other_driver(void **state)
{
	(void)state;
	expect(kplug_unbind(NIC), -ENOENT, "device 0000:00:02.0: not bound to kplug (driver: e1000e)");
	expect_file("bus/pci/drivers/e1000e/unbind", "");
}

/* Of a bind that was killed half-way. */
static void test_unbind_left_over(void **state)
{
	(void)state;
	run("printf kplug >bus/pci/devices/" EDU "/driver_override");
	expect(kplug_unbind(EDU), -ENOENT, "device 0000:00:03.0: not bound to kplug (driver: none)");
	expect_file("bus/pci/devices/" EDU "/driver_override", "\nplug"); /* a file keeps its rest */
}

static void test_unbind_no_driver(void **state)
{
	(void)state;
	expect(kplug_unbind(EDU), -ENOENT, "device 0000:00:03.0: not bound to kplug (driver: none)");
}

static void test_unbind_no_function(void **state)
{
	(void)state;
	expect(kplug_unbind("0000:00:1f.7"), -ENOENT,
	       "device 0000:00:1f.7: no such PCI function; addresses look like 0000:00:03.0");
}

/* A path that has no room is no path. */
static void test_root_too_long(void **state)
{
	static char longest[KP_PATH_LEN + 1];
	const char *root_before = kp_sys_root;

	(void)state;
	memset(longest, '/', sizeof(longest) - 1);
	kp_sys_root = longest;
	expect(kplug_unbind(OURS), -ENOENT,
	       "device 0000:00:04.0: no such PCI function; addresses look like 0000:00:03.0");
	kp_sys_root = root_before;
}

static void expect_open(const char *name, int err, const char *text)
{
	struct kplug_device *dev = (void *)1;

	expect(kplug_device_open(name, NULL, &dev), err, text);
	assert_ptr_equal(dev, (void *)1);
}

static void test_open_unknown(void **state)
{
	(void)state;
	expect_open("soft9", -ENOENT, "device soft9: unknown; it is neither a PCI function nor a software device");
}

static void test_open_without_driver(void **state)
{
	(void)state;
	expect_open(EDU, -ENODEV, "device 0000:00:03.0: has no driver; bind it to kplug first");
}

static void test_open_other_driver(void **state)
{
	(void)state;
	expect_open(NIC, -ENODEV, "device 0000:00:02.0: bound to driver e1000e; bind it to kplug first");
}

static void test_open_without_node(void **state)
{
	(void)state;
	expect_open(OURS, -ENODEV,
		    "device 0000:00:04.0: bound to kplug, but dev/kplug/0000:00:04.0 is missing; is devtmpfs mounted?");
}

static void test_open_no_name(void **state)
{
	(void)state;
	expect_open("", -ENOENT, "device : unknown; a name has 1 to 31 bytes, no '/' and no leading '.'");
}

static void test_open_long_name(void **state)
{
	(void)state;
	expect_open("a2345678901234567890123456789012", -ENOENT,
		    "device a2345678901234567890123456789012: unknown; a name has 1 to 31 bytes, no '/' and no "
		    "leading '.'");
}

static void test_open_path(void **state)
{
	(void)state;
	expect_open("../null", -ENOENT, "device ../null: unknown; a name has 1 to 31 bytes, no '/' and no leading '.'");
}

static void test_open_other_node(void **state)
{
	(void)state;
	run(">dev/kplug/file");
	expect_open("file", -ENOTTY, "device file: not a device node of kplug");
}

static void test_soft_without_module(void **state)
{
	(void)state;
	expect(kplug_soft_create("soft1", 1, 0), -ENOPKG,
	       "software device soft1: the module kplug_soft is not loaded; modprobe kplug_soft");
}

static void test_soft_bad_name(void **state)
{
	(void)state;
	expect(kplug_soft_delete("a/b"), -EINVAL,
	       "software device a/b: out of range; name: 1 to 31 letters, digits, '_', '-' or '.', no leading '.'; "
	       "vectors: "
	       "1 to 32; DMA bits: 0, or 20 to 64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_scan_nothing),
		cmocka_unit_test(test_bind_unknown),
		cmocka_unit_test(test_bind_path),
		cmocka_unit_test(test_bind_busy),
		cmocka_unit_test(test_bind_already),
		cmocka_unit_test(test_bind_without_module),
		cmocka_unit_test(test_bind_not_taken),
		cmocka_unit_test(test_bind_by_force_not_taken),
		cmocka_unit_test(test_bind_not_taken_with_override),
		cmocka_unit_test(test_bind_not_taken_with_left_over),
		cmocka_unit_test(test_reset_policy),
		cmocka_unit_test(test_unbind),
		cmocka_unit_test(test_unbind_other_driver),
		cmocka_unit_test(test_unbind_left_over),
		cmocka_unit_test(test_unbind_no_driver),
		cmocka_unit_test(test_unbind_no_function),
		cmocka_unit_test(test_root_too_long),
		cmocka_unit_test(test_open_unknown),
		cmocka_unit_test(test_open_without_driver),
		cmocka_unit_test(test_open_other_driver),
		cmocka_unit_test(test_open_without_node),
		cmocka_unit_test(test_open_no_name),
		cmocka_unit_test(test_open_long_name),
		cmocka_unit_test(test_open_path),
		cmocka_unit_test(test_open_other_node),
		cmocka_unit_test(test_soft_without_module),
		cmocka_unit_test(test_locked_down),
		cmocka_unit_test(test_soft_bad_name),
	};

	return cmocka_run_group_tests_name("lib sysfs", tests, set_up, tear_down);
}
