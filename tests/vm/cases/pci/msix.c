// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_IRQ_ENABLE KPLUG_IRQ_DISABLE KPLUG_IRQ_INFO KPLUG_REG kmod/pci/pci.c kmod/irq/irq.c */
/* shows: kmod/node/registry.c */
/*
 * MSI-X with several vectors, on QEMU's e1000e (Intel 82574) and igb (82576): each is enabled, raised (by the interrupt
 * cause set register), counted, and bound to a processor on its own.
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/rig.h"

#define MOST 10

/* The 82574's registers, in BAR 0 */
#define CTRL_EXT 0x18
#define CTRL_EXT_IAME (1U << 27) /* an interrupt leaves its bit in the mask */
#define ICS 0xc8
#define IMS 0xd0
#define EIAC 0xdc /* causes that clear themselves */
#define IVAR 0xe4 /* four bits a cause: 8 + vector */
#define MTA 0x5200 /* multicast addresses: plain memory, which no interrupt needs */

/* The 82576's */
#define GPIE 0x1514
#define GPIE_MSIX (1U << 4) /* a cause is a vector */
#define EICS 0x1520
#define EIMS 0x1524
#define EIAC_82576 0x152c

static uint64_t came[MOST]; /* interrupts that were read, by vector */

static void reg_write(uint64_t offset, uint32_t value)
{
	assert_ok(kplug_reg_write(dev, 0, offset, 4, value));
}

static void start_82574(void)
{
	uint32_t vector, ivar = 0;

	for (vector = 0; vector < 5; vector++)
		ivar |= (8 + vector) << (4 * vector);
	reg_write(CTRL_EXT, CTRL_EXT_IAME);
	reg_write(IVAR, ivar);
	reg_write(EIAC, 0x1f00000);
	reg_write(IMS, 0x1f00000);
}

static void raise_82574(uint32_t vector)
{
	reg_write(ICS, 1U << (20 + vector));
}

static void start_82576(void)
{
	reg_write(GPIE, GPIE_MSIX);
	reg_write(EIAC_82576, (1U << MOST) - 1);
	reg_write(EIMS, (1U << MOST) - 1);
}

static void raise_82576(uint32_t vector)
{
	reg_write(EICS, 1U << vector);
}

enum { E1000E, IGB };

static struct chip {
	uint16_t device; /* of vendor 8086 */
	uint32_t vectors;
	void (*start)(void);
	void (*raise)(uint32_t vector);
	char address[KPLUG_NAME_LEN];
} chips[] = {
	[E1000E] = { .device = 0x10d3, .vectors = 5, .start = start_82574, .raise = raise_82574 },
	[IGB] = { .device = 0x10c9, .vectors = MOST, .start = start_82576, .raise = raise_82576 },
};
static struct chip *chip; /* the running test's */

static void setup(void)
{
	memset(came, 0, sizeof(came));
	rig_find_pci(0x8086, chip->device, chip->address);
	assert_ok(kplug_bind(chip->address, false));
	assert_ok(kplug_device_open(chip->address, NULL, &dev));
	chip->start();
}

static void teardown(void)
{
	rig_close();
	assert_ok(kplug_unbind(chip->address));
}

static struct kplug_irq_info look(uint32_t vector)
{
	struct kplug_irq_info info = {};

	assert_ok(kplug_irq_info(dev, vector, &info));
	return info;
}

/*
 * Raises a vector and reads until all is quiet: nothing but that vector's. QEMU throttles the 82574's interrupts by a
 * timer, and may send one more when that ends.
 */
static void raise_and_wait(uint32_t vector)
{
	struct kplug_record record = {};
	uint64_t before = came[vector];
	size_t count;

	chip->raise(vector);
	while (!kplug_irq_wait(dev, came[vector] == before ? 10000 : 30, &record, 1, &count)) {
		assert_int_equal(record.vector, vector);
		assert_int_equal(record.lost + 1, record.count);
		came[record.vector] += record.count;
	}
	assert_true(came[vector] > before);
}

static void each_vector_on_its_own(void)
{
	struct kplug_info info;
	uint32_t vector, i;

	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(info.out_irq_mode, KPLUG_IRQ_MSIX);
	assert_int_equal(info.out_vectors, chip->vectors);
	for (vector = 0; vector < chip->vectors; vector++)
		assert_ok(kplug_irq_enable(dev, vector, NULL, 0));
	for (vector = 0; vector < chip->vectors; vector++)
		for (i = 0; i <= vector; i++)
			raise_and_wait(vector);
	for (vector = 0; vector < chip->vectors; vector++) {
		assert_true(came[vector] > vector);
		assert_int_equal(look(vector).out_interrupts, came[vector]);
		for (i = 0; i < vector; i++)
			assert_int_not_equal(look(vector).out_irq, look(i).out_irq);
	}
	assert_errno(ERANGE, kplug_irq_enable(dev, chip->vectors, NULL, 0));
}

static void one_disabled_the_others_not(void)
{
	uint64_t before;

	assert_ok(kplug_irq_enable(dev, 1, NULL, 0));
	assert_ok(kplug_irq_enable(dev, 2, NULL, 0));
	raise_and_wait(1);
	raise_and_wait(2);
	assert_ok(kplug_irq_disable(dev, 1));
	before = look(1).out_interrupts;
	chip->raise(1);
	raise_and_wait(2);
	assert_int_equal(look(1).out_interrupts, before);
	assert_ok(kplug_irq_enable(dev, 1, NULL, 0));
	raise_and_wait(1);
	raise_and_wait(2);
}

static uint64_t narrow(uint32_t flags, uint64_t offset, uint32_t width, uint64_t value)
{
	struct kplug_reg reg = {
		.size = sizeof(reg), .flags = flags, .offset = offset, .width = width, .value = value
	};

	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_REG, &reg), 0);
	return reg.out_value;
}

/* QEMU's edu has registers of 4 and 8 bytes; the 82574's table of multicast addresses can be had by bytes. */
static void registers_of_all_widths(void)
{
	narrow(KPLUG_REG_WRITE, MTA, 4, 0x11223344);
	assert_int_equal(narrow(0, MTA, 4, 0), 0x11223344);
	assert_int_equal(narrow(0, MTA, 2, 0), 0x3344);
	assert_int_equal(narrow(0, MTA, 1, 0), 0x44);
	narrow(KPLUG_REG_WRITE, MTA, 2, 0xbeef);
	assert_int_equal(narrow(0, MTA, 2, 0), 0xbeef);
	narrow(KPLUG_REG_WRITE, MTA, 1, 0x5a);
	assert_int_equal(narrow(0, MTA, 1, 0), 0x5a);
}

/* How many of the interrupt a processor has taken: a column of /proc/interrupts. */
static unsigned long taken_by(uint32_t irq, unsigned int cpu)
{
	unsigned long taken[2] = {};
	char line[512];
	unsigned int number;
	FILE *f = fopen("/proc/interrupts", "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " %u: %lu %lu", &number, &taken[0], &taken[1]) == 3 && number == irq)
			break;
	fclose(f);
	return taken[cpu];
}

static void put_affinity(uint32_t irq, unsigned int cpu)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/irq/%u/smp_affinity_list", irq);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "%u\n", cpu) > 0);
	assert_int_equal(fclose(f), 0);
}

static void affinity_by_the_usual_files(void)
{
	unsigned long before, others;
	unsigned int cpu, i;
	uint32_t irq;

	assert_ok(kplug_irq_enable(dev, 3, NULL, 0));
	irq = look(3).out_irq;
	for (cpu = 0; cpu < 2; cpu++) {
		put_affinity(irq, cpu);
		raise_and_wait(3); /* the first may still go to the old one: the move is made by an interrupt */
		before = taken_by(irq, cpu);
		others = taken_by(irq, !cpu);
		for (i = 0; i < 5; i++)
			raise_and_wait(3);
		assert_true(taken_by(irq, cpu) >= before + 5);
		assert_int_equal(taken_by(irq, !cpu), others);
	}
}

#define ON(c, fn) { .name = #c ": " #fn, .run = (fn) }

int main(void)
{
	const struct rig_test e1000e[] = {
		ON(E1000E, each_vector_on_its_own),
		ON(E1000E, one_disabled_the_others_not),
		ON(E1000E, affinity_by_the_usual_files),
		ON(E1000E, registers_of_all_widths),
	};
	const struct rig_test igb[] = {
		ON(IGB, each_vector_on_its_own),
		ON(IGB, one_disabled_the_others_not),
		ON(IGB, affinity_by_the_usual_files),
	};
	int failed;

	chip = &chips[E1000E];
	failed = RIG_RUN(e1000e, RIG_NONE, .setup = setup, .teardown = teardown);
	chip = &chips[IGB];
	return failed + RIG_RUN(igb, RIG_NONE, .setup = setup, .teardown = teardown);
}
