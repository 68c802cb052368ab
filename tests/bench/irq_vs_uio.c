// SPDX-License-Identifier: GPL-2.0-only
/*
 * irq_vs_uio EDU-ADDRESS: interrupts per second raised, handled and acknowledged on the same edu device, by a plugin
 * whose interrupt hook raises the next one, against a program over uio_pci_generic that does the same by its mapped
 * registers. The program over kplug sleeps until the last one.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "libkplug.h"

#define IRQ_STATUS 0x24
#define IRQ_RAISE 0x60
#define IRQ_ACK 0x64
#define PLUGIN_COUNT 20000
#define UIO_COUNT 2000

static const char *address;

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok ? 0 : -1;
}

static int sysfs(const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", address, file);
	return write_file(path, text);
}

static int raise_all(struct kplug_device *dev)
{
	uint64_t count = PLUGIN_COUNT;
	struct kplug_record record;
	size_t got;

	if (kplug_irq_enable(dev, 0, &count, sizeof(count)) || kplug_reg_write(dev, 0, IRQ_RAISE, 4, 1) ||
	    kplug_irq_wait(dev, 60000, &record, 1, &got) || record.count != PLUGIN_COUNT)
		return -1;
	return kplug_irq_disable(dev, 0);
}

static double with_plugin(void *arg)
{
	struct kplug_plugin *plugin = NULL;
	struct kplug_device *dev = NULL;
	char path[256];
	double start, rate = -1;

	(void)arg;
	snprintf(path, sizeof(path), "%s/raise_again.bpf.o", getenv("KPLUG_TEST"));
	if (kplug_bind(address, false) || kplug_device_open(address, NULL, &dev) || kplug_plugin_open(path, &plugin) ||
	    kplug_plugin_load(plugin, dev, NULL)) {
		fprintf(stderr, "irq_vs_uio: %s\n", kplug_error());
		return -1;
	}
	start = bench_seconds();
	if (!raise_all(dev))
		rate = PLUGIN_COUNT / (bench_seconds() - start);
	kplug_plugin_unload(dev);
	kplug_plugin_close(plugin);
	kplug_device_close(dev);
	kplug_unbind(address);
	return rate;
}

/* One interrupt, or -1 if none came for a second. */
static int uio_wait(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t count;

	return poll(&p, 1, 1000) == 1 && read(fd, &count, sizeof(count)) == sizeof(count) ? 0 : -1;
}

/* INTX_DISABLE in the high byte of PCI_COMMAND: the kernel's half of UIO sets it at each interrupt. */
static int uio_unmask(int config)
{
	uint8_t command;

	if (pread(config, &command, 1, 5) != 1)
		return -1;
	command &= ~0x4;
	return pwrite(config, &command, 1, 5) == 1 ? 0 : -1;
}

/* Raise, sleep, acknowledge, unmask in PCI config space: what a UIO program must do for each. */
static double uio_loop(int fd, int config, volatile uint32_t *regs)
{
	double start;
	int i;

	regs[IRQ_ACK / 4] = regs[IRQ_STATUS / 4];
	if (uio_unmask(config))
		return -1;
	start = bench_seconds();
	for (i = 0; i < UIO_COUNT; i++) {
		uint32_t status;

		regs[IRQ_RAISE / 4] = 1;
		if (uio_wait(fd)) {
			fprintf(stderr, "uio: interrupt %d did not come\n", i);
			return -1;
		}
		status = regs[IRQ_STATUS / 4];
		if (!status)
			return -1;
		regs[IRQ_ACK / 4] = status;
		if (uio_unmask(config))
			return -1;
	}
	return UIO_COUNT / (bench_seconds() - start);
}

static int uio_open(void)
{
	char path[300];
	struct dirent *entry;
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/uio", address);
	dir = opendir(path);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "uio", 3))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static double with_uio(void *arg)
{
	volatile uint32_t *regs = MAP_FAILED;
	int fd = -1, bar = -1, config = -1;
	double rate = -1;
	char path[128];

	(void)arg;
	if (sysfs("driver_override", "uio_pci_generic") || write_file("/sys/bus/pci/drivers_probe", address))
		return -1;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", address);
	fd = uio_open();
	bar = open(path, O_RDWR);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", address);
	config = open(path, O_RDWR);
	if (bar >= 0)
		regs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bar, 0);
	if (fd >= 0 && config >= 0 && regs != MAP_FAILED)
		rate = uio_loop(fd, config, regs);
	if (regs != MAP_FAILED)
		munmap((void *)regs, 4096);
	close(config);
	close(bar);
	close(fd);
	sysfs("driver/unbind", address);
	sysfs("driver_override", "\n");
	return rate;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	address = argv[1];
	bench_pair("irq_vs_uio", "irq/s", with_plugin, "uio_pci_generic", with_uio, NULL);
	return 0;
}
