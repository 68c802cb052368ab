// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* also: rt */
/* quick: KPLUG_READS=200 */
/* shows: KPLUG_CALL KPLUG_DMA_LOCK hook:call hook:interrupt hook:close hook:event */
/* shows: kmod/call/pending.c kmod/plugin/kfuncs.c kmod/buffer/rights.c */
/* timeout: 300 */
/*
 * QEMU's nvme by bpf/nvme.bpf.c: a call is a command, the interrupt of its queue completes it. Namespace 1 has blocks of
 * 512 bytes and does 20 commands a second, namespace 2 has blocks of 4096 bytes and is fast (tests/vm/rig/boot.sh).
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/kind.h"
#include "lib/nvme.h"

#define SLOW 1
#define FAST 2
#define LBA_OUT_OF_RANGE 0x80 /* status code of a generic command, Base Specification 4.2.3.2.1 */
#define THREADS 8
#define AREA (512UL << 10)

static char address[KPLUG_NAME_LEN];
static struct nvme nvme;
static struct kplug_buffer *data;
static uint8_t *mem;
static uint64_t dma, seed;

static void setup(void)
{
	rig_find_pci(0x1b36, 0x0010, address);
	assert_ok(kplug_bind(address, false));
	assert_ok(kplug_device_open(address, NULL, &dev));
	assert_ok(nvme_start(&nvme, dev, rig_object("nvme")));
	assert_ok(kplug_buffer_alloc(dev, "data", AREA, NULL, &data));
	mem = kplug_buffer_ptr(data);
	dma = kplug_buffer_dma_addr(data);
}

static void teardown(void)
{
	kplug_buffer_free(data);
	data = NULL;
	nvme_stop(&nvme);
	rig_close();
	assert_ok(kplug_unbind(address));
}

static int io(uint8_t opcode, uint32_t nsid, uint64_t slba, uint16_t blocks, uint64_t addr)
{
	struct nvme_io io = { .addr = addr, .slba = slba, .nsid = nsid, .blocks = blocks, .opcode = opcode };

	return nvme_io(dev, &io, 20000);
}

static void fill(void *to, size_t bytes, uint32_t number)
{
	uint32_t *words = to;
	size_t i;

	for (i = 0; i < bytes / 4; i++)
		words[i] = number * 0x9e3779b9U + (uint32_t)i;
}

/* Writes blocks from one place, reads them to another, and compares. */
static void goes_and_comes(uint32_t nsid, uint64_t slba, uint16_t blocks, size_t offset)
{
	size_t bytes = (size_t)blocks << nvme.ns[nsid - 1].shift;
	uint8_t *from = mem + offset, *to = mem + AREA / 2 + offset;

	fill(from, bytes, (uint32_t)(slba + offset + bytes));
	memset(to, 0, bytes);
	assert_ok(io(NVME_WRITE, nsid, slba, blocks, dma + offset));
	assert_ok(io(NVME_FLUSH, nsid, 0, 0, 0));
	assert_ok(io(NVME_READ, nsid, slba, blocks, dma + AREA / 2 + offset));
	assert_memory_equal(from, to, bytes);
}

static void namespaces_are_found(void)
{
	assert_int_equal(nvme.ns[0].shift, 9);
	assert_int_equal(nvme.ns[0].blocks, (1 << 20) / 512);
	assert_int_equal(nvme.ns[1].shift, 12);
	assert_int_equal(nvme.ns[1].blocks, (16 << 20) / 4096);
	assert_int_equal(nvme.ns[2].shift, 0);
}

/* In one page, in two, in a list; from the beginning of a page, and not. */
static void written_is_read(void)
{
	static const struct {
		uint16_t blocks;
		size_t offset;
	} forms[] = { { 1, 0 }, { 1, 512 }, { 2, 0 }, { 2, 4 }, { 3, 0 }, { 31, 2048 }, { 32, 0 } };
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		goes_and_comes(FAST, 7 * i, forms[i].blocks, forms[i].offset);
	goes_and_comes(SLOW, 3, 1, 0);
	goes_and_comes(SLOW, 9, 256, 0);
}

static void to_locked_memory(void)
{
	const struct kplug_dma_entry *e;
	struct kplug_lock *lock;
	uint8_t *own;
	size_t count;

	own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_true(own != MAP_FAILED);
	fill(mem, PAGE, 5);
	assert_ok(io(NVME_WRITE, FAST, 100, 1, dma));
	assert_ok(kplug_dma_lock(dev, own, PAGE, NULL, &lock));
	e = kplug_dma_entries(lock, &count);
	assert_int_equal(count, 1);
	assert_ok(io(NVME_READ, FAST, 100, 1, e->addr));
	assert_memory_equal(own, mem, PAGE);
	assert_errno(EACCES, io(NVME_READ, FAST, 100, 2, e->addr)); /* more than is locked */
	kplug_dma_unlock(lock);
	munmap(own, PAGE);
}

static void what_is_wrong_is_said(void)
{
	struct nvme_io past = {
		.addr = dma, .slba = nvme.ns[FAST - 1].blocks, .nsid = FAST, .blocks = 1, .opcode = NVME_READ
	};

	assert_errno(EIO, nvme_io(dev, &past, 0));
	assert_int_equal(past.status & 0xff, LBA_OUT_OF_RANGE);
	assert_errno(EACCES, io(NVME_READ, FAST, 0, 2, dma + AREA - PAGE));
	assert_errno(EACCES, io(NVME_WRITE, FAST, 0, 1, 0));
	assert_errno(EINVAL, io(NVME_READ, FAST, 0, 33, dma));
	assert_errno(EINVAL, io(NVME_READ, FAST, 0, 0, dma));
	assert_errno(EINVAL, io(NVME_FLUSH, FAST, 0, 1, dma));
	assert_errno(EINVAL, io(NVME_READ, FAST, 0, 1, dma + 2));
	assert_errno(EINVAL, io(NVME_READ, 3, 0, 1, dma));
	assert_errno(EINVAL, io(NVME_READ, 0, 0, 1, dma));
	assert_errno(EINVAL, io(3, FAST, 0, 1, dma));
}

/* Reads of its own page by each thread, each compared with what is written there. */
static void *reader(void *arg)
{
	unsigned long reads = chance_budget("KPLUG_READS", 5000), i;
	size_t index = (size_t)arg;
	struct chance chance = chance_stream(seed, (unsigned int)index);
	uint8_t *page = mem + index * PAGE, expected[PAGE];
	long done = 0;

	for (i = 0; i < reads; i++) {
		uint32_t block = (uint32_t)chance_below(&chance, 64);
		struct nvme_io io = {
			.addr = dma + index * PAGE, .slba = block, .nsid = FAST, .blocks = 1, .opcode = NVME_READ
		};

		memset(page, 0, PAGE);
		fill(expected, PAGE, block);
		if (nvme_io(dev, &io, 20000) || memcmp(page, expected, PAGE))
			return (void *)-1L;
		done++;
	}
	return (void *)done;
}

/* The plugin's next version completes what the last one has begun. */
static void many_at_once_while_it_is_swapped(void)
{
	pthread_t thread[THREADS];
	struct kplug_plugin *plugin;
	void *done;
	size_t i;

	seed = chance_seed();
	for (i = 0; i < 64; i++) {
		fill(mem, PAGE, (uint32_t)i);
		assert_ok(io(NVME_WRITE, FAST, i, 1, dma));
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, (void *)i), 0);
	for (i = 0; i < 5; i++) {
		usleep(20000);
		assert_ok(kplug_plugin_open(rig_object("nvme"), &plugin));
		assert_ok(kplug_plugin_swap(plugin, dev, NULL));
		kplug_plugin_close(plugin);
		usleep(20000);
		assert_ok(kplug_plugin_rollback(dev));
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &done), 0);
		assert_true((long)done > 0);
	}
}

/* Who gives up after 1 ms gives up the call, not the command: its place is taken until the device is done with it. */
static void a_slow_command_is_given_up(void)
{
	struct nvme_io slow = { .addr = dma, .slba = 1, .nsid = SLOW, .blocks = 1, .opcode = NVME_READ };
	int i, given_up = 0;

	for (i = 0; i < 10; i++)
		given_up += nvme_io(dev, &slow, 1) == -ETIMEDOUT;
	assert_true(given_up > 0);
	assert_ok(io(NVME_READ, SLOW, 1, 1, dma)); /* behind them */
}

static void *slow_reader(void *arg)
{
	struct nvme_io slow = { .addr = dma, .slba = 1, .nsid = SLOW, .blocks = 1, .opcode = NVME_READ };

	*(int *)arg = 0;
	while (!*(int *)arg)
		*(int *)arg = nvme_io(dev, &slow, 0);
	return NULL;
}

static void a_reset_fails_all(void)
{
	pthread_t thread[THREADS];
	int err[THREADS];
	char path[96];
	size_t i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, slow_reader, &err[i]), 0);
	usleep(200000);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", address);
	assert_ok(rig_write(path, "1"));
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_true(err[i] == -EIO || err[i] == -EAGAIN);
	}
	assert_errno(EAGAIN, io(NVME_READ, FAST, 0, 1, dma)); /* until it is started again */
}

static int is_killed(void *arg)
{
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf;
	struct nvme_io slow = { .nsid = SLOW, .blocks = 1, .opcode = NVME_READ };
	int given_up = 0, i;

	(void)arg;
	NEED(!kplug_device_open(address, NULL, &own));
	NEED(!kplug_buffer_alloc(own, "own", PAGE, NULL, &buf));
	slow.addr = kplug_buffer_dma_addr(buf);
	for (i = 0; i < 8; i++)
		given_up += nvme_io(own, &slow, 1) == -ETIMEDOUT;
	NEED(given_up > 0);
	raise(SIGKILL);
	return 0;
}

/* The plugin's close hook waits for the commands of that program, so nothing is left in quarantine. */
static void a_killed_program_leaves_nothing(void)
{
	struct kplug_info info;

	assert_int_equal(kind_child(is_killed, NULL), -SIGKILL);
	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(info.out_quarantined, 0);
	assert_ok(io(NVME_READ, FAST, 0, 1, dma));
}

static int owns_and_waits(void *arg)
{
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf;
	uint64_t addr;

	NEED(!kplug_device_open(address, NULL, &own));
	NEED(!kplug_buffer_alloc(own, "theirs", PAGE, NULL, &buf));
	addr = kplug_buffer_dma_addr(buf);
	NEED(write(*(int *)arg, &addr, sizeof(addr)) == sizeof(addr));
	pause();
	return 0;
}

/*
 * We read into another program's buffer, as its mode allows, while that program is killed. Killed, and not closed: a
 * close by root is root's word that the device is done.
 */
static void anothers_command_is_waited_for(void)
{
	struct nvme_io slow = { .slba = 1, .nsid = SLOW, .blocks = 8, .opcode = NVME_READ };
	struct kplug_info info;
	int i, given_up = 0, fd[2], status;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid)
		_exit(owns_and_waits(&fd[1]));
	assert_true(pid > 0);
	assert_int_equal(read(fd[0], &slow.addr, sizeof(slow.addr)), sizeof(slow.addr));
	for (i = 0; i < 20; i++)
		given_up += nvme_io(dev, &slow, 1) == -ETIMEDOUT;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(given_up > 0);
	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(info.out_quarantined, 0);
	assert_int_equal(kind_foreign_bytes(dev, 64, PAGE, 0, 1500000), 0);
	close(fd[0]);
	close(fd[1]);
}

static void without_its_queues_it_does_nothing(void)
{
	nvme_stop(&nvme);
	assert_errno(EAGAIN, io(NVME_READ, FAST, 0, 1, dma));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(namespaces_are_found),
		TEST(written_is_read),
		TEST(to_locked_memory),
		TEST(what_is_wrong_is_said),
		TEST(many_at_once_while_it_is_swapped),
		TEST(a_slow_command_is_given_up),
		TEST(a_reset_fails_all),
		TEST(a_killed_program_leaves_nothing),
		TEST(anothers_command_is_waited_for),
		TEST(without_its_queues_it_does_nothing),
	};

	return RIG_RUN(tests, RIG_NONE, .setup = setup, .teardown = teardown);
}
