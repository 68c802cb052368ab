// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: debug */
/*
 * What comes between: one call is held in its middle (rig/debug/fail.c) while another one goes through. And a call that
 * fails behind its last ordinary failure.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fault.h"

static const struct rig_dev *rig;
static struct kplug_device *dev;

/* Bits of DMA masks: what the device has before each test, and what two requests ask for. */
enum { BEFORE = 28, INNER = 26, OUTER = 24 };

static uint32_t mask(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info.out_dma_bits;
}

static int begin(void **state)
{
	rig = *state;
	dev = rig_open(rig);
	kplug_buffer_free(rig_buffer(dev, "before", 4096));
	assert_int_equal(mask(), BEFORE);
	fault_init();
	return 0;
}

static int end(void **state)
{
	(void)state;
	fault_exit();
	kplug_device_close(dev);
	return 0;
}

struct request {
	struct kplug_buffer_alloc arg;
	int err;
};

static void *ask(void *arg)
{
	struct request *r = arg;

	r->arg.size = sizeof(r->arg);
	r->arg.bytes = 4096;
	strcpy(r->arg.name, "one");
	r->err = ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &r->arg) ? -errno : 0;
	return NULL;
}

/* Holds the request before it is published, does the other one, and waits for the first. */
static void ask_around(struct request *outer, struct request *inner)
{
	pthread_t thread;

	assert_ok(fault_hold("kplug_map_fd", 1));
	assert_int_equal(pthread_create(&thread, NULL, ask, outer), 0);
	fault_wait();
	ask(inner);
	assert_true(fault_call_end(1));
	pthread_join(thread, NULL);
}

static void a_failed_request_leaves_the_mask_of_another(void **state)
{
	struct request outer = { .arg.dma_bits = OUTER }, inner = { .arg.dma_bits = INNER };

	(void)state;
	ask_around(&outer, &inner);
	assert_int_equal(inner.err, 0);
	assert_int_equal(outer.err, -EEXIST);
	assert_int_equal(mask(), INNER);
	close(inner.arg.out_fd);
}

static void a_request_has_its_mask_after_another_failed(void **state)
{
	struct request outer = { .arg.dma_bits = OUTER };
	struct request inner = { .arg = { .dma_bits = INNER, .kind = KPLUG_BUFFER_IMPORTED, .memory_fd = -1 } };

	(void)state;
	ask_around(&outer, &inner);
	assert_int_equal(inner.err, -EBADF);
	assert_int_equal(outer.err, 0);
	assert_int_equal(mask(), OUTER);
	close(outer.arg.out_fd);
}

static void a_lock_without_an_id_has_no_mask(void **state)
{
	struct kplug_dma_lock lock = { .size = sizeof(lock), .bytes = 4096, .dma_bits = 64 };
	void *memory = aligned_alloc(4096, 4096);

	(void)state;
	assert_non_null(memory);
	lock.addr = (uintptr_t)memory;
	assert_ok(fault_call("__xa_alloc", 1, -ENOMEM));
	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_DMA_LOCK, &lock), -1);
	assert_int_equal(errno, ENOMEM);
	assert_true(fault_call_end(1));
	assert_int_equal(mask(), BEFORE);
	free(memory);
}

static _Noreturn void map_and_read(void)
{
	volatile uint32_t *regs;

	signal(SIGBUS, SIG_DFL); /* not cmocka's */
	regs = mmap(NULL, 4096, PROT_READ, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BAR(0));
	if (regs != MAP_FAILED)
		(void)*regs;
	_exit(regs == MAP_FAILED);
}

/* The module is done with the mmap, and the kernel has not listed it yet. */
static void a_bar_that_is_being_mapped_goes_with_its_device(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	assert_ok(fault_hold("kplug_device_leave", 1));
	pid = fork();
	if (!pid)
		map_and_read();
	fault_wait();
	assert_ok(kplug_unbind(rig->name));
	assert_true(fault_call_end(1));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	kplug_device_close(dev);
	assert_ok(kplug_bind(rig->name, false));
	dev = rig_open(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_failed_request_leaves_the_mask_of_another, begin, end),
		cmocka_unit_test_setup_teardown(a_request_has_its_mask_after_another_failed, begin, end),
		cmocka_unit_test_setup_teardown(a_lock_without_an_id_has_no_mask, begin, end),
		cmocka_unit_test_setup_teardown(a_bar_that_is_being_mapped_goes_with_its_device, begin, end),
	};

	return RIG_RUN(tests, RIG_EDU);
}
