// SPDX-License-Identifier: GPL-2.0-only
#include "rig.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct rig_dev soft = { .soft = true, .name = "t0" };
static struct rig_dev edu;
static unsigned int wanted;

static int group_setup(void **state)
{
	const char *addresses = getenv("KPLUG_EDU");
	int err;

	(void)state;
	if (wanted & RIG_SOFT) {
		err = kplug_soft_create(soft.name, 32, 0);
		if (err)
			goto failed;
	}
	if (wanted & RIG_EDU) {
		if (!addresses || sscanf(addresses, "%31s", edu.name) != 1)
			return -1;
		err = kplug_bind(edu.name, false);
		if (err)
			goto failed;
	}
	return 0;

failed:
	fprintf(stderr, "%s\n", kplug_error());
	return -1;
}

static int group_teardown(void **state)
{
	(void)state;
	if (wanted & RIG_SOFT && kplug_soft_delete(soft.name))
		return -1;
	if (wanted & RIG_EDU && kplug_unbind(edu.name))
		return -1;
	return 0;
}

static size_t add(struct CMUnitTest *all, const struct CMUnitTest *tests, size_t count, struct rig_dev *d)
{
	size_t i;

	for (i = 0; i < count; i++) {
		char *name;

		all[i] = tests[i];
		if (asprintf(&name, "%s: %s", d->soft ? "soft" : "edu", tests[i].name) < 0)
			abort();
		all[i].name = name;
		all[i].initial_state = d;
	}
	return count;
}

int rig_run(const struct CMUnitTest *tests, size_t count, unsigned int devices)
{
	struct CMUnitTest *all = calloc(2 * count, sizeof(*all));
	size_t n = 0;

	if (!all)
		return 1;
	wanted = devices;
	if (devices & RIG_SOFT)
		n += add(all + n, tests, count, &soft);
	if (devices & RIG_EDU)
		n += add(all + n, tests, count, &edu);
	return _cmocka_run_group_tests("rig", all, n, group_setup, group_teardown);
}

struct kplug_device *rig_open(const struct rig_dev *d)
{
	struct kplug_device *dev = NULL;

	assert_ok(kplug_device_open(d->name, NULL, &dev));
	return dev;
}

struct kplug_buffer *rig_buffer(struct kplug_device *dev, const char *name, size_t bytes)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 28 };
	struct kplug_buffer *buf = NULL;

	assert_ok(kplug_buffer_alloc(dev, name, bytes, &opts, &buf));
	return buf;
}

const char *rig_object(const char *object)
{
	static _Thread_local char path[256];

	snprintf(path, sizeof(path), "%s/%s.bpf.o", getenv("KPLUG_BPF"), object);
	if (access(path, R_OK))
		snprintf(path, sizeof(path), "%s/%s.bpf.o", getenv("KPLUG_TEST"), object);
	return path;
}

void rig_load(struct kplug_device *dev, const char *object, const char *buffer)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .buffer = buffer };
	struct kplug_plugin *plugin = NULL;

	assert_ok(kplug_plugin_open(rig_object(object), &plugin));
	assert_ok(kplug_plugin_load(plugin, dev, &opts));
	kplug_plugin_close(plugin);
}

void rig_raise(struct kplug_device *dev, uint32_t status)
{
	assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_RAISE, 4, status));
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
	int tries;

	for (tries = 0; tries < 10000; tries++) {
		if (fn(arg))
			return;
		usleep(1000);
	}
	fail_msg("waited ten seconds in vain for %s", name);
}
