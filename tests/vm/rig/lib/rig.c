// SPDX-License-Identifier: GPL-2.0-only
#include "rig.h"

#include <fcntl.h>
#include <glob.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <time.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct rig_dev *at;
struct kplug_device *dev;

/* By the bits of RIG_...; edu's names are found when they are wanted. */
static struct rig_dev devices[] = {
	{ .soft = true, .name = "t0" },
	{ .soft = false },
	{ .soft = true, .name = "t64" },
	{ .soft = false },
};
#define DEVICES (sizeof(devices) / sizeof(devices[0]))

/* The running group's. */
static struct rig_run within;
static bool present[DEVICES];

/* What the device has; what it had before the test. */
struct left {
	uint32_t buffers;
	uint64_t locked;
};
static struct left before;

/* One test on one device: cmocka's state. */
struct place {
	const struct rig_test *test;
	const struct rig_dev *at;
};

bool rig_machine(const char *name)
{
	const char *machine = getenv("KPLUG_MACHINE");

	return machine && !strcmp(machine, name);
}

unsigned int rig_any_memory(void)
{
	return rig_machine("iommu") ? RIG_EDU : RIG_SOFT_64 | RIG_EDU_64;
}

static int appear(unsigned int i)
{
	const char *addresses = getenv("KPLUG_EDU");
	struct rig_dev *d = &devices[i];

	if (d->soft)
		return kplug_soft_create(d->name, 1U << i == RIG_SOFT ? 32 : 1, 1U << i == RIG_SOFT ? 0 : 64);
	if (!addresses || sscanf(addresses, 1U << i == RIG_EDU ? "%31s" : "%*s %31s", d->name) != 1)
		return -ENODEV;
	return kplug_bind(d->name, false);
}

static int group_setup(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < DEVICES; i++) {
		if (!(within.devices & 1U << i))
			continue;
		if (appear(i)) {
			fprintf(stderr, "%s\n", kplug_error());
			return -1;
		}
		present[i] = true;
	}
	if (within.begin)
		within.begin();
	return 0;
}

static int group_teardown(void **state)
{
	int failed = 0;
	unsigned int i;

	(void)state;
	if (within.end)
		within.end();
	if (within.devices)
		rig_close();
	for (i = 0; i < DEVICES; i++) {
		const char *name = devices[i].name;

		if (present[i] && (devices[i].soft ? kplug_soft_delete(name) : kplug_unbind(name)))
			failed = -1;
		present[i] = false;
	}
	return failed;
}

/* 0 or -errno: a device that the test has removed has nothing left. */
static int count_left(struct left *left)
{
	struct kplug_info info = {};
	int err = kplug_device_info(dev, &info);

	if (!err)
		*left = (struct left){ .buffers = info.out_buffers, .locked = info.out_locked };
	return err;
}

static bool nothing_is_left(void *arg)
{
	struct left *now = arg;

	return count_left(now) || (now->buffers <= before.buffers && now->locked <= before.locked);
}

static int before_test(void **state)
{
	const struct place *place = *state;

	if (place->at) {
		rig_close(); /* a setup or a teardown that failed has left it */
		at = place->at;
		before = (struct left){};
		if (!within.closed) {
			dev = rig_open(at);
			assert_ok(count_left(&before));
		}
	}
	if (within.setup && !place->test->bare)
		within.setup();
	return 0;
}

static void run_one(void **state)
{
	const struct place *place = *state;

	place->test->run();
}

static bool wait_until(bool (*fn)(void *arg), void *arg)
{
	int tries;

	for (tries = 0; tries < 10000; tries++) {
		if (fn(arg))
			return true;
		usleep(1000);
	}
	return false;
}

static int after_test(void **state)
{
	const struct place *place = *state;
	struct left now = {};
	bool clean;

	if (within.teardown && !place->test->bare)
		within.teardown();
	if (!place->at || !dev)
		return 0;
	(void)kplug_plugin_unload(dev); /* what a test has left that failed */
	clean = wait_until(nothing_is_left, &now);
	rig_close();
	if (!clean)
		fail_msg("%u buffers and %llu bytes locked are left, %u and %llu were there before", now.buffers,
			 (unsigned long long)now.locked, before.buffers, (unsigned long long)before.locked);
	return 0;
}

static struct CMUnitTest row(const struct rig_test *test, const struct rig_dev *d, unsigned int bit)
{
	struct place *place = malloc(sizeof(*place));
	char *name;

	if (!place || asprintf(&name, "%s%s",
			       !d || bit == RIG_EDU_64 ? ""
			       : d->soft	       ? "soft: "
						       : "edu: ",
			       test->name) < 0)
		abort();
	*place = (struct place){ .test = test, .at = d };
	return (struct CMUnitTest){
		.name = name,
		.test_func = run_one,
		.setup_func = before_test,
		.teardown_func = after_test,
		.initial_state = place,
	};
}

int rig_run(const struct rig_test *tests, size_t count, struct rig_run run)
{
	struct CMUnitTest *all = calloc((DEVICES + 1) * count, sizeof(*all));
	size_t n = 0, i;
	unsigned int d;

	if (!all)
		return 1;
	if (run.devices == RIG_BOTH && getenv("KPLUG_ONE_DEVICE"))
		run.devices = RIG_EDU;
	within = run;
	for (d = 0; d < DEVICES; d++)
		for (i = 0; i < count && run.devices & 1U << d; i++)
			all[n++] = row(&tests[i], &devices[d], 1U << d);
	for (i = 0; i < count && !run.devices; i++)
		all[n++] = row(&tests[i], NULL, 0);
	return _cmocka_run_group_tests("rig", all, n, group_setup, group_teardown);
}

void rig_find_pci(uint16_t vendor, uint16_t device, char address[KPLUG_NAME_LEN])
{
	struct kplug_scan_entry *entries = NULL;
	size_t count = 0, i;

	address[0] = '\0';
	assert_ok(kplug_scan(&entries, &count));
	for (i = 0; i < count && !address[0]; i++)
		if (entries[i].vendor == vendor && entries[i].device == device)
			strcpy(address, entries[i].name);
	free(entries);
	assert_true(address[0]);
}

struct kplug_device *rig_open(const struct rig_dev *d)
{
	struct kplug_device *device = NULL;

	assert_ok(kplug_device_open(d->name, NULL, &device));
	return device;
}

void rig_close(void)
{
	kplug_device_close(dev);
	dev = NULL;
}

struct kplug_buffer *rig_buffer(struct kplug_device *device, const char *name, size_t bytes)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 28 };
	struct kplug_buffer *buf = NULL;

	assert_ok(kplug_buffer_alloc(device, name, bytes, &opts, &buf));
	return buf;
}

int rig_buffer_ioctl(int fd, unsigned long command, const char *name)
{
	struct kplug_buffer_name req = { .size = sizeof(req) };

	memcpy(req.name, name, strlen(name));
	return ioctl(fd, command, &req) ? -errno : 0;
}

int rig_buffer_undo(int fd, const struct kplug_buffer_alloc *req)
{
	close(req->out_fd);
	return rig_buffer_ioctl(fd, KPLUG_BUFFER_FREE, req->name);
}

int rig_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

long rig_sum(const char *path, const char *label)
{
	FILE *file = fopen(path, "r");
	long sum = 0, value;
	bool found = false;
	char line[256];
	char *text;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		text = line + strspn(line, " ");
		if (strncmp(text, label, strlen(label)) || sscanf(text + strlen(label), "%ld", &value) != 1)
			continue;
		sum += value;
		found = true;
	}
	fclose(file);
	assert_true(found);
	return sum;
}

/* Runs a command of QEMU's monitor, which is the second port of the guest's console (boot.sh). */
static void monitor(const char *command)
{
	char answer[512];
	glob_t ports;
	int fd;

	assert_int_equal(glob("/dev/vport*p1", 0, NULL, &ports), 0);
	fd = open(ports.gl_pathv[0], O_RDWR | O_CLOEXEC | O_NONBLOCK);
	globfree(&ports);
	assert_true(fd >= 0);
	while (read(fd, answer, sizeof(answer)) > 0) {
	}
	assert_int_equal(write(fd, command, strlen(command)), strlen(command));
	close(fd);
}

bool rig_can_plug(void)
{
	glob_t slots;
	bool any = !glob("/sys/bus/pci/slots/*", 0, NULL, &slots);

	globfree(&slots);
	return any;
}

#define PLUGGED_BUS "/sys/bus/pci/devices/0000:00:0e.0/secondary_bus_number"

bool rig_pulled(void *address)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", (char *)address);
	return access(path, F_OK);
}

/* Its registers have their place, too. */
static bool is_plugged(void *address)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", (char *)address);
	return !access(path, F_OK);
}

void rig_plug(const char *model, char address[KPLUG_NAME_LEN])
{
	unsigned int bus = 0;
	char command[96];
	FILE *f = fopen(PLUGGED_BUS, "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &bus), 1);
	fclose(f);
	snprintf(address, KPLUG_NAME_LEN, "0000:%02x:00.0", bus);
	snprintf(command, sizeof(command), "device_add %s,bus=empty,id=plugged\n", model);
	monitor(command);
	rig_until(is_plugged, address);
}

void rig_pull(void)
{
	monitor("device_del plugged\n");
}

const char *rig_object(const char *object)
{
	static _Thread_local char path[256];

	snprintf(path, sizeof(path), "%s/%s.bpf.o", getenv("KPLUG_BPF"), object);
	if (access(path, R_OK))
		snprintf(path, sizeof(path), "%s/%s.bpf.o", getenv("KPLUG_TEST"), object);
	return path;
}

void rig_load(struct kplug_device *device, const char *object, const char *buffer)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .buffer = buffer };
	struct kplug_plugin *plugin = NULL;

	assert_ok(kplug_plugin_open(rig_object(object), &plugin));
	assert_ok(kplug_plugin_load(plugin, device, &opts));
	kplug_plugin_close(plugin);
}

void rig_vouch(struct kplug_device *device)
{
	rig_load(device, "quiet", NULL);
	assert_ok(kplug_setting_set(device, "word", 1));
}

void rig_raise(struct kplug_device *device, uint32_t status)
{
	assert_ok(kplug_reg_write(device, 0, EDU_IRQ_RAISE, 4, status));
}

bool rig_line_is_off(const char *address)
{
	uint16_t command;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", address);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &command, sizeof(command), PCI_COMMAND), sizeof(command));
	close(fd);
	return command & PCI_COMMAND_INTX_DISABLE;
}

void rig_until_named(bool (*fn)(void *arg), void *arg, const char *name)
{
	if (!wait_until(fn, arg))
		fail_msg("waited ten seconds in vain for %s", name);
}
