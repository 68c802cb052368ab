// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_DMA_LOCK KPLUG_DMA_UNLOCK kmod/memory/umem.c */
/* timeout: 240 */
/* The program's own memory, locked for DMA: each way in which a lock ends releases its pages. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/locked.h"

static int locks_and_waits(void *arg)
{
	int *ready = arg;

	lock = lock_it(anonymous(16 * MIB), 16 * MIB);
	NEED(write(ready[1], "", 1) == 1);
	pause();
	return 0;
}

static void until_the_program_is_killed(void)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	rig_vouch(dev);
	rig_close(); /* the child opens its own */
	pid = fork();
	if (!pid) {
		dev = NULL;
		if (kplug_device_open(at->name, NULL, &dev))
			_exit(1);
		_exit(locks_and_waits(ready));
	}
	close(ready[1]);
	dev = rig_open(at);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(locked_of_device(), 16 * MIB);
	assert_true(pins() >= pins_before + (long)(16 * MIB / PAGE));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	pins_until(pins_before);
	assert_int_equal(locked_of_device(), 0);
}

static void until_its_device_is_closed(void)
{
	struct kplug_device *other = dev;
	uint8_t *p = anonymous(4 * PAGE);

	lock = lock_it(p, 4 * PAGE);
	dev = rig_open(at);
	assert_int_equal(locked_of_device(), 4 * PAGE);
	kplug_device_close(other);
	assert_int_equal(locked_of_device(), 0);
	kplug_dma_unlock(lock); /* frees what the library has of it */
	lock = NULL;
	munmap(p, 4 * PAGE);
}

static void remove_device(void)
{
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
}

static void add_device(void)
{
	assert_ok(at->soft ? kplug_soft_create(at->name, 1, 64) : kplug_bind(at->name, false));
}

static void until_its_device_goes(void)
{
	uint8_t *p = anonymous(4 * PAGE);

	lock = lock_it(p, 4 * PAGE);
	remove_device();
	pins_until(pins_before);
	kplug_dma_unlock(lock);
	lock = NULL;
	assert_errno(ENODEV, kplug_dma_lock(dev, p, PAGE, NULL, &lock));
	pins_until(pins_before);
	rig_close();
	add_device();
	dev = rig_open(at);
	munmap(p, 4 * PAGE);
}

/* A child gets pages of its own: the device goes on with the parent's. */
static void over_a_fork(void)
{
	uint8_t *p = anonymous(2 * PAGE);
	pid_t pid;

	memset(p, 0x11, 2 * PAGE);
	lock = lock_it(p, 2 * PAGE);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	p[0] = 0x22; /* the parent writes while the page could be shared */
	device_copies(0, PAGE, 1);
	assert_int_equal(p[PAGE], 0x22);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(p, 2 * PAGE);
}

/* Unmapped under the lock: the device keeps the pages, which are not reused. */
static void longer_than_its_mapping(void)
{
	uint8_t *p = anonymous(64 * PAGE);

	lock = lock_it(p, 64 * PAGE);
	munmap(p, 64 * PAGE);
	p = anonymous(64 * MIB);
	memset(p, 0x11, 64 * MIB);
	kind_dma_out(dev, 0, kplug_dma_entries(lock, &(size_t){ 0 })->addr, CHUNK);
	assert_true(kind_all(p, 0x11, 64 * MIB));
	munmap(p, 64 * MIB);
}

static const struct rig_test tests[] = {
	TEST(until_the_program_is_killed), TEST(until_its_device_is_closed),
	TEST(until_its_device_goes),	   TEST(over_a_fork),
	TEST(longer_than_its_mapping),
};

int main(void)
{
	return LOCKED_RUN(tests);
}
