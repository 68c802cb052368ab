// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi intx iommu */
/* kernel: one */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_FREE KPLUG_DMA_LOCK KPLUG_DMA_UNLOCK KPLUG_IRQ_ENABLE KPLUG_IRQ_DISABLE */
/* shows: kmod/pci/pci.c kmod/buffer/quarantine.c kmod/irq/irq.c */
/*
 * A device masters the bus, and so can do DMA, while it has memory or an enabled vector that is a memory write; and not
 * otherwise.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "lib/kind.h"

static bool is_master(void)
{
	uint16_t command = 0;
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", at->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &command, sizeof(command), PCI_COMMAND), sizeof(command));
	close(fd);
	return command & PCI_COMMAND_MASTER;
}

static bool is_intx(void)
{
	struct kplug_info info = {};

	assert_ok(kplug_device_info(dev, &info));
	return info.out_irq_mode == KPLUG_IRQ_INTX;
}

static void with_a_buffer(void)
{
	struct kplug_buffer *first, *second;

	assert_false(is_master());
	first = rig_buffer(dev, "first", PAGE);
	assert_true(is_master());
	second = rig_buffer(dev, "second", PAGE);
	kplug_buffer_free(first);
	assert_true(is_master());
	kplug_buffer_free(second);
	assert_false(is_master());
}

static void buffer_that_is_refused(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 65 };
	struct kplug_buffer *buf = NULL;

	assert_errno(ERANGE, kplug_buffer_alloc(dev, "wide", PAGE, &opts, &buf));
	assert_false(is_master());
}

static void kept_buffer(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .keep = true };
	struct kplug_buffer *buf = NULL;

	assert_ok(kplug_buffer_alloc(dev, "kept", PAGE, &opts, &buf));
	kplug_buffer_free(buf);
	rig_close();
	assert_true(is_master());
	dev = rig_open(at);
	assert_ok(kplug_buffer_drop(dev, "kept"));
	assert_false(is_master());
}

static void with_locked_memory(void)
{
	struct kplug_lock *lock = NULL;
	void *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_ok(kplug_dma_lock(dev, mem, PAGE, NULL, &lock));
	assert_true(is_master());
	kplug_dma_unlock(lock);
	assert_false(is_master());
	munmap(mem, PAGE);
}

/* An interrupt of a line is no memory write. */
static void with_a_vector(void)
{
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_int_equal(is_master(), !is_intx());
	assert_ok(kplug_irq_disable(dev, 0));
	assert_false(is_master());
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	rig_close();
	assert_false(is_master());
	dev = rig_open(at);
}

/* The plugin refuses the vector. */
static void vector_that_is_refused(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "calls", PAGE);
	uint8_t no = 0xff;

	rig_load(dev, "calls", "calls");
	assert_errno(EBUSY, kplug_irq_enable(dev, 0, &no, 1));
	assert_ok(kplug_plugin_unload(dev));
	kplug_buffer_free(buf);
	assert_false(is_master());
}

static int is_killed(void *arg)
{
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf = NULL;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!kplug_buffer_alloc(own, "victim", PAGE, NULL, &buf));
	raise(SIGKILL);
	return 0;
}

/* Nobody vouches for edu, and it cannot be reset: what it writes may still land, in the quarantine. */
static void in_quarantine(void)
{
	assert_int_equal(kind_child(is_killed, NULL), -SIGKILL);
	assert_true(is_master());
	rig_close();
	assert_ok(kplug_unbind(at->name));
	assert_false(is_master());
	assert_ok(kplug_bind(at->name, false));
	assert_false(is_master());
	dev = rig_open(at);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(with_a_buffer), TEST(buffer_that_is_refused), TEST(kept_buffer),
		TEST(with_a_vector), TEST(vector_that_is_refused), TEST(in_quarantine),
	};
	const struct rig_test locks[] = { TEST(with_locked_memory) };

	return RIG_RUN(tests, RIG_EDU) + RIG_RUN(locks, rig_any_memory() & (RIG_EDU | RIG_EDU_64));
}
