// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi intx iommu rt */
/* kernel: one */
/* shows: KPLUG_IRQ_DISABLE KPLUG_CALL KPLUG_PLUGIN_UNLOAD KPLUG_DMA_ENTRIES kmod/node/registry.c */
/* shows: kmod/pci/bar.c kmod/node/ioctl.c kmod/irq/irq.c kmod/irq/reader.c kmod/buffer/buffer.c */
/* shows: kmod/dma/dma.c kmod/pci/pci.c */
/* The device is removed while it is in use: by readers, mappings, buffers, a plugin, calls. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/rig.h"

static void remove_device(void)
{
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
}

static void add_device(void)
{
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 0) : kplug_bind(at->name, false));
}

struct wait_result {
	struct kplug_record record;
	int first, second;
};

/* Reads the record of the removal, then the error that no more can come. */
static void *wait_for_end(void *arg)
{
	struct wait_result *w = arg;
	struct kplug_record rest;
	size_t count = 0;

	w->first = kplug_irq_wait(dev, 10000, &w->record, 1, &count);
	w->second = kplug_irq_wait(dev, 10000, &rest, 1, &count);
	return NULL;
}

static void a_sleeping_reader_is_told(void)
{
	struct wait_result w = {};
	struct kplug_dma_entries entries = { .size = sizeof(entries) };
	struct pollfd p = { .fd = kplug_device_fd(dev), .events = POLLIN };
	pthread_t thread;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &w), 0);
	usleep(50000);
	remove_device();
	pthread_join(thread, NULL);
	assert_int_equal(w.first, 0);
	assert_int_equal(w.record.type, KPLUG_RECORD_EVENT);
	assert_int_equal(w.record.vector, KPLUG_EVENT_REMOVE);
	assert_int_equal(w.second, -ENODEV);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_true(p.revents & POLLHUP);

	assert_errno(ENODEV, kplug_irq_disable(dev, 0));
	assert_errno(ENODEV, kplug_call(dev, 1, NULL, 0, NULL));
	assert_errno(ENODEV, kplug_plugin_unload(dev));
	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_DMA_ENTRIES, &entries), -1);
	assert_int_equal(errno, ENODEV);
	rig_close();
	add_device();
}

static void memory_outlives_the_device(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "left", 65536);
	uint8_t *bytes = kplug_buffer_ptr(buf);

	memset(bytes, 0x5a, 65536);
	rig_load(dev, "calls", "left");
	remove_device();
	assert_int_equal(bytes[0], 0x5a);
	assert_int_equal(bytes[65535], 0x5a);
	bytes[4096] = 1;
	assert_int_equal(bytes[4096], 1);
	kplug_buffer_free(buf);
	rig_close();
	add_device();

	/* Nothing of the old device is in the new one of the same name. */
	dev = rig_open(at);
	assert_errno(ENOENT, kplug_buffer_open(dev, "left", &buf));
	assert_errno(ENOMSG, kplug_call(dev, 1, NULL, 0, NULL));
	buf = rig_buffer(dev, "left", 4096);
	kplug_buffer_free(buf);
}

static void a_kept_buffer_goes_with_the_device(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .keep = true };
	struct kplug_buffer *buf;

	assert_ok(kplug_buffer_alloc(dev, "kept", 4096, &opts, &buf));
	kplug_buffer_free(buf);
	assert_ok(kplug_buffer_open(dev, "kept", &buf));
	kplug_buffer_free(buf);
	rig_close();
	remove_device();
	add_device();
	dev = rig_open(at);
	assert_errno(ENOENT, kplug_buffer_open(dev, "kept", &buf));
}

static int mask_file(const char *name)
{
	char path[128];
	int bits = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", at->name, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &bits), 1);
	fclose(f);
	return bits;
}

/* The kernel's masks are those before the bind: between two requests, and for the next driver. */
static void the_masks_are_as_before(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 28 };
	struct kplug_buffer *buf = NULL;
	int mask, coherent;

	if (at->soft)
		skip();
	mask = mask_file("dma_mask_bits");
	coherent = mask_file("consistent_dma_mask_bits");
	assert_ok(kplug_buffer_alloc(dev, "low", 4096, &opts, &buf));
	assert_int_equal(mask_file("dma_mask_bits"), mask);
	assert_int_equal(mask_file("consistent_dma_mask_bits"), coherent);
	kplug_buffer_free(buf);
	opts.dma_bits = 1; /* no zone has so little, no IOMMU such an address */
	assert_true(kplug_buffer_alloc(dev, "none", 4096, &opts, &buf) < 0);
	assert_int_equal(mask_file("dma_mask_bits"), mask);
	assert_int_equal(mask_file("consistent_dma_mask_bits"), coherent);
}

static sigjmp_buf jump;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(jump, 1);
}

static void assert_gone(const volatile uint32_t *reg)
{
	signal(SIGBUS, on_sigbus);
	if (!sigsetjmp(jump, 1)) {
		(void)*reg;
		fail_msg("a register of a device that has gone could be read");
	}
	signal(SIGBUS, SIG_DFL);
}

/* Whether it has been read before or not. */
static void a_mapped_bar_is_taken_away(void)
{
	volatile uint32_t *regs, *unread;
	char path[64];
	int fd;

	if (at->soft)
		skip(); /* has none to map */
	snprintf(path, sizeof(path), "/dev/kplug/%s", at->name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	regs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, KPLUG_MMAP_BAR(0));
	assert_ptr_not_equal(regs, MAP_FAILED);
	assert_int_equal(regs[0], 0x010000ed);
	unread = mmap(NULL, 0x100000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, KPLUG_MMAP_BAR(0));
	assert_ptr_not_equal(unread, MAP_FAILED);
	remove_device();
	assert_gone(regs);
	assert_gone(unread);
	assert_gone(unread + 0x100000 / 4 - 1);
	munmap((void *)regs, 4096);
	munmap((void *)unread, 0x100000);
	close(fd);
	add_device();
}

static bool pci_module_is_free(void *unused)
{
	FILE *f = fopen("/sys/module/kplug_pci/refcnt", "r");
	int users = -1;

	(void)unused;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &users), 1);
	fclose(f);
	return users == 0;
}

/* The mapping's faults run code of the module, also when nothing is bound or open any more. */
static void a_mapped_bar_holds_its_module(void)
{
	volatile uint32_t *regs;
	char path[64];
	int fd;

	if (at->soft)
		skip(); /* has none to map */
	rig_close();
	rig_until(pci_module_is_free, NULL);
	snprintf(path, sizeof(path), "/dev/kplug/%s", at->name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	regs = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, KPLUG_MMAP_BAR(0));
	assert_ptr_not_equal(regs, MAP_FAILED);
	close(fd);
	remove_device();
	assert_false(pci_module_is_free(NULL));
	assert_gone(regs);
	munmap((void *)regs, 4096);
	rig_until(pci_module_is_free, NULL);
	add_device();
}

/* The driver is unbound with an interrupt pending: the line stays off, as no handler would serve it. */
static void the_line_stays_off(void)
{
	if (at->soft)
		skip(); /* has none */
	rig_raise(dev, 1);
	rig_close();
	remove_device();
	assert_true(rig_line_is_off(at->name));
	add_device();
	dev = rig_open(at);
	assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_ACK, 4, 1));
}

static bool stop;

static void *call_on(void *arg)
{
	int err = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && err != -ENODEV)
		err = kplug_call(arg, 1, NULL, 0, NULL);
	return (void *)(long)err;
}

/* Removal in the middle of calls and interrupts, with everything in use, again and again. */
static void removed_under_fire(void)
{
	int round;

	for (round = 0; round < 10; round++) {
		struct kplug_buffer *buf = rig_buffer(dev, "calls", 4096);
		pthread_t thread[2];
		void *err;
		int i;

		stop = false;
		rig_load(dev, "calls", "calls");
		assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
		for (i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, call_on, dev), 0);
		for (i = 0; i < 20; i++) {
			rig_raise(dev, 1);
			assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_ACK, 4, 1));
		}
		remove_device();
		for (i = 0; i < 2; i++) {
			pthread_join(thread[i], &err);
			assert_int_equal((long)err, -ENODEV);
		}
		kplug_buffer_free(buf);
		rig_close();
		add_device();
		dev = rig_open(at);
	}
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(a_sleeping_reader_is_told),
		TEST(memory_outlives_the_device),
		TEST(a_kept_buffer_goes_with_the_device),
		TEST(the_masks_are_as_before),
		TEST(a_mapped_bar_is_taken_away),
		TEST(a_mapped_bar_holds_its_module),
		TEST(removed_under_fire),
		TEST(the_line_stays_off),
	};

	return RIG_RUN(tests, RIG_BOTH);
}
