// SPDX-License-Identifier: GPL-2.0-only
/* call_vs_null DEVICE: a call answered by a plugin against an ioctl of the same node that does nothing. */
#include <sys/ioctl.h>

#include "bench.h"
#include "libkplug.h"

#include "../../bpf/edu.h"

#define CALLS 200000

static double call_ns(void *arg)
{
	struct kplug_call call = { .size = sizeof(call), .message = EDU_CALL_VERSION };
	double start = bench_seconds();
	int i;

	for (i = 0; i < CALLS; i++)
		if (ioctl(kplug_device_fd(arg), KPLUG_CALL, &call))
			return -1;
	return (bench_seconds() - start) / CALLS * 1e9;
}

/* On a device whose line needs no unmasking: the same way through the table, and nothing at its end. */
static double null_ns(void *arg)
{
	struct kplug_irq irq = { .size = sizeof(irq) };
	double start = bench_seconds();
	int i;

	for (i = 0; i < CALLS; i++)
		if (ioctl(kplug_device_fd(arg), KPLUG_IRQ_UNMASK, &irq))
			return -1;
	return (bench_seconds() - start) / CALLS * 1e9;
}

int main(int argc, char **argv)
{
	const char *plugins = getenv("KPLUG_BPF");
	struct kplug_plugin *plugin;
	struct kplug_device *dev;
	struct kplug_buffer *buf;
	char path[256];

	snprintf(path, sizeof(path), "%s/edu.bpf.o", plugins ? plugins : ".");
	if (argc != 2 || kplug_device_open(argv[1], NULL, &dev) ||
	    kplug_buffer_alloc(dev, "edu", EDU_BUFFER_BYTES, NULL, &buf) || kplug_plugin_open(path, &plugin) ||
	    kplug_plugin_load(plugin, dev, NULL)) {
		fprintf(stderr, "call_vs_null: %s\n", kplug_error());
		return 1;
	}
	bench_pair("call_vs_null", "ns", call_ns, "ioctl that does nothing", null_ns, dev);
	kplug_plugin_unload(dev);
	kplug_plugin_close(plugin);
	kplug_buffer_free(buf);
	kplug_device_close(dev);
	return 0;
}
