// SPDX-License-Identifier: GPL-2.0-only
/* machine: iommu */
/* kernel: one */
/* also: msi */
/* quick: KPLUG_PULLS=10 */
/* shows: KPLUG_CALL KPLUG_IRQ_ENABLE kmod/pci/pci.c kmod/node/registry.c kmod/buffer/buffer.c */
/* timeout: 900 */
/*
 * The device is pulled under load, KPLUG_PULLS times (200): while it copies and interrupts, its plugin runs, a program
 * waits, has an eventfd, memory locked and the registers mapped. On a kernel without hot-plug it is removed by sysfs.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/edu.h"
#include "lib/chance.h"
#include "lib/kind.h"

#define BYTES EDU_BUFFER_BYTES

static char address[KPLUG_NAME_LEN];

struct party {
	unsigned long count;
	int last;
};

/* Copies until that fails for good. */
static void *copier(void *arg)
{
	struct party *p = arg;
	struct edu_copy copy = { .bytes = 512, .dst = BYTES / 2 };
	int64_t result;

	while (!(p->last = kplug_call(dev, EDU_CALL_COPY, &copy, sizeof(copy), &result)))
		p->count += !result;
	return NULL;
}

/* Counts the interrupts it is told of until waiting fails for good. */
static void *waiter(void *arg)
{
	struct party *p = arg;
	struct kplug_record record;
	size_t records;

	while (!(p->last = kplug_irq_wait(dev, 5000, &record, 1, &records)))
		p->count += record.type == KPLUG_RECORD_IRQ ? record.count : 0;
	return NULL;
}

static void plug(void)
{
	if (rig_can_plug()) {
		rig_plug("edu", address);
	} else {
		assert_int_equal(sscanf(getenv("KPLUG_EDU"), "%31s", address), 1);
		assert_ok(rig_write("/sys/bus/pci/rescan", "1"));
	}
	assert_ok(kplug_bind(address, false));
	assert_ok(kplug_device_open(address, NULL, &dev));
}

static void pull(void)
{
	char path[96];

	if (rig_can_plug()) {
		rig_pull();
		return;
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", address);
	assert_ok(rig_write(path, "1"));
}

/* One life of the device. us: how long the parties have it. */
static void live_and_pull(unsigned int us, struct party *copying, struct party *waiting)
{
	struct kplug_lock_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	struct kplug_buffer *buf;
	struct kplug_lock *lock = NULL;
	pthread_t copies, waits;
	volatile uint32_t *bar;
	uint64_t told = 0;
	int eventfd_fd;
	uint8_t *mem;

	plug();
	buf = rig_buffer(dev, "edu", BYTES);
	rig_load(dev, "edu", "edu");
	eventfd_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_ok(kplug_irq_enable_eventfd(dev, 0, NULL, 0, eventfd_fd));
	mem = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(mem, MAP_FAILED);
	(void)kplug_dma_lock(dev, mem, BYTES, &opts, &lock); /* without an IOMMU edu reaches too little */
	bar = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BAR(0));
	assert_ptr_not_equal(bar, MAP_FAILED);
	assert_int_equal(bar[0], 0x010000ed);
	assert_int_equal(pthread_create(&copies, NULL, copier, copying), 0);
	assert_int_equal(pthread_create(&waits, NULL, waiter, waiting), 0);
	usleep(us);

	pull();
	pthread_join(copies, NULL);
	pthread_join(waits, NULL);
	rig_until(rig_pulled, address);
	assert_int_equal(copying->last, -ENODEV);
	assert_int_equal(waiting->last, -ENODEV);
	assert_int_equal(read(eventfd_fd, &told, sizeof(told)), sizeof(told));
	((uint8_t *)kplug_buffer_ptr(buf))[BYTES - 1] = 1; /* the memory stays */
	munmap((void *)bar, PAGE);
	kplug_dma_unlock(lock);
	kplug_buffer_free(buf);
	munmap(mem, BYTES);
	close(eventfd_fd);
	rig_close();
}

static void pulled_under_load(void)
{
	unsigned long pulls = chance_budget("KPLUG_PULLS", 200), i;
	struct party copying = {}, waiting = {};
	struct chance chance = chance_stream(chance_seed(), 0);

	for (i = 0; i < pulls; i++)
		live_and_pull(i ? chance_below(&chance, 400000) : 400000, &copying, &waiting); /* a copy takes 200 ms */
	assert_ok(rig_write("/sys/bus/pci/rescan", "1"));
	printf("# %lu pulls, %lu copies, %lu interrupts\n", pulls, copying.count, waiting.count);
	assert_true(copying.count && waiting.count);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(pulled_under_load) };

	return RIG_RUN(tests, RIG_NONE);
}
