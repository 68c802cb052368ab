// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_INFO KPLUG_CALL KPLUG_PLUGIN_LOAD KPLUG_DMA_LOCK KPLUG_DMA_ENTRIES kmod/node/ioctl.c kmod/node/node.c */
/* shows: kmod/memory/umem.c */
/*
 * A program has the kernel wait for its memory, as long as it likes (userfaultfd; a file of FUSE does the same): others
 * use the device meanwhile, and it is removed.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/kind.h"

static int uffd;
static uint8_t *absent; /* two pages that are not there until release() */
static uint8_t *present;
static struct kplug_device *caller; /* the stalled one's */

/* What the caller asks for. It ends when the memory comes; its result is whatever it then finds. */

static int info_into_it(void)
{
	return ioctl(kplug_device_fd(caller), KPLUG_INFO, absent);
}

static int call_with_it(void)
{
	struct kplug_call call = { .size = sizeof(call), .data = (uintptr_t)absent, .data_size = 64 };

	return ioctl(kplug_device_fd(caller), KPLUG_CALL, &call);
}

static int load_from_it(void)
{
	struct kplug_plugin_load load = {
		.size = sizeof(load),
		.prog_fds = (uintptr_t)absent,
		.prog_count = KPLUG_HOOK_COUNT,
		.name = "stalled",
	};

	return ioctl(kplug_device_fd(caller), KPLUG_PLUGIN_LOAD, &load);
}

static int lock(void *mem, uint32_t *ret_id)
{
	struct kplug_dma_lock lock = { .size = sizeof(lock), .addr = (uintptr_t)mem, .bytes = PAGE, .dma_bits = 64 };
	int err = ioctl(kplug_device_fd(caller), KPLUG_DMA_LOCK, &lock);

	if (ret_id)
		*ret_id = lock.out_id;
	return err;
}

static int lock_it(void)
{
	return lock(absent, NULL);
}

static int entries_into_it(void)
{
	struct kplug_dma_entries entries = { .size = sizeof(entries), .entries = (uintptr_t)absent, .max = 1 };

	if (lock(present, &entries.id))
		return -1;
	return ioctl(kplug_device_fd(caller), KPLUG_DMA_ENTRIES, &entries);
}

static int read_into_it(void)
{
	struct pollfd p = { .fd = kplug_device_fd(caller), .events = POLLIN };

	if (kplug_irq_enable(caller, 0, NULL, 0) || kplug_irq_trigger(caller, 0) || poll(&p, 1, 10000) != 1)
		return -1;
	return (int)read(kplug_device_fd(caller), absent, sizeof(struct kplug_record));
}

static void *call(void *fn)
{
	((int (*)(void))fn)();
	return NULL;
}

static void remove_device(void)
{
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
}

static void add_device(void)
{
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 64) : kplug_bind(at->name, false));
}

static void setup(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	absent = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	present = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(absent, MAP_FAILED);
	assert_ptr_not_equal(present, MAP_FAILED);
	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	assert_true(uffd >= 0);
	assert_int_equal(ioctl(uffd, UFFDIO_API, &api), 0);
	reg.range.start = (uintptr_t)absent;
	reg.range.len = 2 * PAGE;
	assert_int_equal(ioctl(uffd, UFFDIO_REGISTER, &reg), 0);
	caller = rig_open(at);
}

static void teardown(void)
{
	kplug_device_close(caller);
	close(uffd);
	munmap(absent, 2 * PAGE);
	munmap(present, PAGE);
}

static void wait_for_stall(void)
{
	struct pollfd p = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(p.revents, POLLIN);
	assert_int_equal(read(uffd, &msg, sizeof(msg)), sizeof(msg));
	assert_int_equal(msg.event, UFFD_EVENT_PAGEFAULT);
}

static void release(void)
{
	struct uffdio_zeropage zero = { .range = { .start = (uintptr_t)absent, .len = 2 * PAGE } };

	assert_int_equal(ioctl(uffd, UFFDIO_ZEROPAGE, &zero), 0);
}

/* Another user of the device. */
static void others_go_on(void)
{
	struct kplug_buffer *buf = NULL;
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	assert_ok(kplug_buffer_alloc(dev, "other", PAGE, NULL, &buf));
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_irq_disable(dev, 0));
	assert_errno(ENOMSG, kplug_call(dev, 1, NULL, 0, NULL));
	kplug_buffer_free(buf);
}

static void stall(int (*fn)(void))
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, call, (void *)fn), 0);
	wait_for_stall();
	others_go_on();
	rig_close();
	remove_device();
	assert_int_equal(pthread_tryjoin_np(thread, NULL), EBUSY);
	release();
	assert_int_equal(pthread_join(thread, NULL), 0);
	add_device();
}

#define STALLED(fn)                                                                                                    \
	static void fn##_stalls(void)                                                                                  \
	{                                                                                                              \
		stall(fn);                                                                                             \
	}
STALLED(info_into_it)
STALLED(call_with_it)
STALLED(load_from_it)
STALLED(lock_it)
STALLED(entries_into_it)
STALLED(read_into_it)

int main(void)
{
	const struct rig_test tests[] = {
		TEST(info_into_it_stalls), TEST(call_with_it_stalls),	 TEST(load_from_it_stalls),
		TEST(lock_it_stalls),	   TEST(entries_into_it_stalls), TEST(read_into_it_stalls),
	};

	return RIG_RUN(tests, RIG_SOFT_64 | RIG_EDU_64, .setup = setup, .teardown = teardown);
}
