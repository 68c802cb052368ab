// SPDX-License-Identifier: GPL-2.0-only
/*
 * swap: how long a swap takes, the switch alone against all of it with verification; and interrupts per second, raised
 * in turn on 64 devices with a plugin each against one device that is alone.
 */
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "libkplug.h"

#define SWITCHES 50
#define SWAPS 5
#define DEVICES 64
#define INTERRUPTS 50000

static char path[256];
static int prog_fd;
static struct kplug_device *dev[DEVICES];

static int switch_to(struct kplug_device *d, uint32_t flags)
{
	int32_t fds[KPLUG_HOOK_COUNT];
	struct kplug_plugin_load req = {
		.size = sizeof(req),
		.flags = flags,
		.prog_fds = (uintptr_t)fds,
		.prog_count = KPLUG_HOOK_COUNT,
		.name = "bench",
		.version = "1",
	};

	memset(fds, 0xff, sizeof(fds));
	fds[KPLUG_HOOK_INTERRUPT] = prog_fd;
	return ioctl(kplug_device_fd(d), KPLUG_PLUGIN_LOAD, &req);
}

static double switch_us(void *arg)
{
	double start = bench_seconds();
	int i;

	(void)arg;
	for (i = 0; i < SWITCHES; i++)
		if (switch_to(dev[0], KPLUG_PLUGIN_REPLACE))
			return -1;
	return (bench_seconds() - start) / SWITCHES * 1e6;
}

static double swap_us(void *arg)
{
	double start = bench_seconds();
	int i, err;

	(void)arg;
	for (i = 0; i < SWAPS; i++) {
		struct kplug_plugin *plugin = NULL;

		err = kplug_plugin_open(path, &plugin) || kplug_plugin_swap(plugin, dev[0], NULL);
		kplug_plugin_close(plugin);
		if (err)
			return -1;
	}
	return (bench_seconds() - start) / SWAPS * 1e6;
}

static int add(int i)
{
	char name[KPLUG_NAME_LEN];

	snprintf(name, sizeof(name), "bench%d", i);
	return kplug_soft_create(name, 1, 0) || kplug_device_open(name, NULL, &dev[i]) || switch_to(dev[i], 0) ||
	       kplug_irq_enable(dev[i], 0, NULL, 0);
}

static void drop(int i)
{
	char name[KPLUG_NAME_LEN];

	snprintf(name, sizeof(name), "bench%d", i);
	kplug_device_close(dev[i]);
	kplug_soft_delete(name);
	dev[i] = NULL;
}

static uint64_t handled(int devices)
{
	struct kplug_info info;
	uint64_t sum = 0;
	int i;

	for (i = 0; i < devices; i++)
		sum += kplug_device_info(dev[i], &info) ? 0 : info.out_interrupts;
	return sum;
}

/* Raised by an ioctl each, on the CPU that also handles them. */
static double interrupt_rate(int devices)
{
	uint64_t before = handled(devices);
	double start = bench_seconds();
	int i;

	for (i = 0; i < INTERRUPTS; i++)
		if (kplug_irq_trigger(dev[i % devices], 0))
			return -1;
	while (handled(devices) - before < INTERRUPTS)
		usleep(100);
	return INTERRUPTS / (bench_seconds() - start);
}

static double with_many(void *arg)
{
	double rate;
	int i;

	(void)arg;
	for (i = 1; i < DEVICES; i++)
		if (add(i))
			return -1;
	rate = interrupt_rate(DEVICES);
	for (i = 1; i < DEVICES; i++)
		drop(i);
	return rate;
}

static double with_one(void *arg)
{
	(void)arg;
	return interrupt_rate(1);
}

int main(void)
{
	const char *folder = getenv("KPLUG_TEST");
	struct bpf_program *prog;
	struct bpf_object *obj;

	snprintf(path, sizeof(path), "%s/claim_only.bpf.o", folder ? folder : ".");
	obj = bpf_object__open_file(path, NULL);
	if (!obj || bpf_object__load(obj))
		return 1;
	prog = bpf_object__next_program(obj, NULL);
	prog_fd = bpf_program__fd(prog);
	if (add(0)) {
		fprintf(stderr, "swap: %s\n", kplug_error());
		return 1;
	}
	bench_pair("swap_switch", "us", switch_us, "with verification", swap_us, NULL);
	puts(",");
	bench_pair("irq_64_devices", "irq/s", with_many, "1 device", with_one, NULL);
	drop(0);
	bpf_object__close(obj);
	return 0;
}
