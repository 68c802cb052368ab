// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: hook:event kmod/pci/recovery.c kmod/pci/bar.c */
/* kmsg: AER: | device \[8086:10d3\] error status|PCIe Bus Error|\[ *[0-9]+\] (TLP|DLP) |TLP Header|aer_inject */
/*
 * Errors that a device behind a port reports (QEMU's e1000e; the kernel's aer_inject): programs and plugin are told. After
 * one that needs no reset the device goes on; one that does ends with the device reset and its configuration restored, or
 * with a device that is lost.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/rig.h"

#define MTA 0x5200 /* a table of multicast addresses: memory that a reset clears */
#define MARK 0x12345678
#define POISONED 0x1000 /* not fatal (PCI_ERR_UNC_POISON_TLP) */
#define DATA_LINK 0x10 /* fatal (PCI_ERR_UNC_DLP) */

/* What /dev/aer_inject takes (struct aer_error_inj of drivers/pci/pcie/aer_inject.c). */
struct injection {
	uint8_t bus, device, function;
	uint32_t uncorrectable, correctable, header[4];
	uint32_t domain;
};

static char address[KPLUG_NAME_LEN];

static uint32_t mark(void)
{
	uint64_t value = 0;

	assert_ok(kplug_reg_read(dev, 0, MTA, 4, &value));
	return value;
}

static void load_injector(void)
{
	if (system("modprobe aer_inject"))
		printf("# this kernel cannot inject errors\n");
}

static void bind_and_mark(void)
{
	assert_ok(kplug_bind(address, false));
	assert_ok(kplug_device_open(address, NULL, &dev));
	assert_ok(kplug_reg_write(dev, 0, MTA, 4, MARK));
	assert_int_equal(mark(), MARK);
}

static void setup(void)
{
	rig_find_pci(0x8086, 0x10d3, address);
	bind_and_mark();
}

static volatile uint32_t *map_registers(void)
{
	void *bar = mmap(NULL, 0x20000, PROT_READ | PROT_WRITE, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BAR(0));

	assert_ptr_not_equal(bar, MAP_FAILED);
	return bar;
}

static void teardown(void)
{
	rig_close();
	assert_ok(kplug_unbind(address));
}

static void inject(uint32_t error)
{
	struct injection injection = { .uncorrectable = error };
	unsigned int domain, bus, device, function;
	ssize_t n;
	int fd;

	fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		skip();
	assert_int_equal(sscanf(address, "%x:%x:%x.%x", &domain, &bus, &device, &function), 4);
	injection.domain = domain;
	injection.bus = bus;
	injection.device = device;
	injection.function = function;
	n = write(fd, &injection, sizeof(injection));
	close(fd);
	if (n < 0 && (errno == EPROTONOSUPPORT || errno == ENODEV)) /* the port reports to the firmware */
		skip();
	assert_int_equal(n, sizeof(injection));
}

/* Waits for a record of this event; others may be before it. */
static void told(uint32_t event)
{
	struct pollfd readable = { .fd = kplug_device_fd(dev), .events = POLLIN };
	struct kplug_record record;

	do {
		assert_int_equal(poll(&readable, 1, 10000), 1);
		assert_int_equal(read(readable.fd, &record, sizeof(record)), sizeof(record));
		assert_int_equal(record.type, KPLUG_RECORD_EVENT);
	} while (record.vector != event);
}

static void goes_on(void)
{
	inject(POISONED);
	told(KPLUG_EVENT_ERROR);
	assert_int_equal(mark(), MARK);
}

static void is_reset_and_restored(void)
{
	int round;

	for (round = 0; round < 2; round++) {
		inject(DATA_LINK);
		told(KPLUG_EVENT_RESET);
		assert_int_equal(mark(), 0);
		assert_ok(kplug_reg_write(dev, 0, MTA, 4, MARK));
		assert_int_equal(mark(), MARK);
	}
}

static void mapped_registers_fault_again(void)
{
	volatile uint32_t *bar = map_registers();

	assert_int_equal(bar[MTA / 4], MARK);
	inject(DATA_LINK);
	told(KPLUG_EVENT_RESET);
	assert_int_equal(bar[MTA / 4], 0);
	munmap((void *)bar, 0x20000);
}

static sigjmp_buf jump;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(jump, 1);
}

/* By the ioctl: the library reads by a mapping where it may. */
static bool reads_ones(void *arg)
{
	struct kplug_reg reg = { .size = sizeof(reg), .width = 4, .offset = MTA };

	(void)arg;
	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_REG, &reg), 0);
	return reg.out_value == UINT32_MAX;
}

/* The link below the empty port does not come back after a reset: the device is lost, and can be unbound and pulled. */
static void does_not_recover(void)
{
	volatile uint32_t *bar;
	struct sigaction action = { .sa_handler = on_sigbus };

	if (!rig_can_plug())
		skip();
	rig_plug("e1000e", address);
	bind_and_mark();
	bar = map_registers();
	assert_int_equal(bar[MTA / 4], MARK);
	inject(DATA_LINK);
	told(KPLUG_EVENT_ERROR);
	rig_until(reads_ones, NULL);
	assert_int_equal(sigaction(SIGBUS, &action, NULL), 0);
	if (!sigsetjmp(jump, 1))
		fail_msg("read %x", bar[MTA / 4]);
	munmap((void *)bar, 0x20000);
	rig_pull();
	rig_until(rig_pulled, address);
	rig_close();
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(goes_on),
		TEST(is_reset_and_restored),
		TEST(mapped_registers_fault_again),
		BARE(does_not_recover),
	};

	return RIG_RUN(tests, RIG_NONE, .begin = load_injector, .setup = setup, .teardown = teardown);
}
