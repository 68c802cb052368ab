// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* also: iommu */
/* quick: KPLUG_KILLS=60 */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_DMA_LOCK KPLUG_PLUGIN_LOAD KPLUG_IRQ_ENABLE kmod/buffer/buffer.c */
/* shows: kmod/memory/umem.c kmod/plugin/plugin.c kmod/irq/irq.c kmod/node/node.c */
/* timeout: 900 */
/*
 * The processes that share a device's memory are killed at random moments, one by one, KPLUG_KILLS times (100): nothing
 * of theirs is left, and the device serves the next one. KPLUG_SEED.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/memory.h"
#include "lib/pins.h"
#include "lib/prog.h"

#define BYTES (4UL << 20) /* of a hundred kills a sixth hits the owner: what they leaked is above MEMORY_SLACK_KIB */

static uint64_t *rounds; /* by party, in which it did its part; shared */

/*
 * --- the parties: each does its part once, and again. Whether it can depends on what the others have just now; false:
 * it could not.
 */

static bool owner(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	struct kplug_buffer *buf;

	if (kplug_buffer_alloc(dev, "shared", BYTES, &opts, &buf))
		return false;
	memset(kplug_buffer_ptr(buf), 1, BYTES);
	usleep(1000);
	kplug_buffer_free(buf);
	return true;
}

static bool user(void)
{
	struct kplug_buffer *buf;

	if (kplug_buffer_open(dev, "shared", &buf))
		return false;
	memset(kplug_buffer_ptr(buf), 2, BYTES);
	kplug_buffer_free(buf);
	return true;
}

static bool locker(void)
{
	void *mem = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kplug_lock_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	struct kplug_lock *lock;
	bool locked;

	if (mem == MAP_FAILED)
		return false;
	locked = !kplug_dma_lock(dev, mem, BYTES, &opts, &lock);
	if (locked)
		kplug_dma_unlock(lock);
	munmap(mem, BYTES);
	return locked;
}

static bool loader(void)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .buffer = "shared" };
	struct kplug_plugin *plugin;
	bool loaded;

	if (kplug_plugin_open(rig_object("count"), &plugin))
		return false;
	loaded = !kplug_plugin_load(plugin, dev, &opts);
	if (loaded)
		usleep(1000);
	else
		kplug_plugin_unload(dev); /* a killed one's */
	kplug_plugin_close(plugin);
	return loaded;
}

static bool reader(void)
{
	struct kplug_record record;
	size_t count;
	bool told;

	if (kplug_irq_enable(dev, 0, NULL, 0))
		return false;
	told = !kplug_irq_wait(dev, 10, &record, 1, &count);
	kplug_irq_disable(dev, 0);
	return told;
}

static bool device_user(void)
{
	int64_t result;

	kplug_call(dev, 1, NULL, 0, &result); /* no plugin answers it */
	return !kplug_irq_trigger(dev, 0);
}

static bool (*const parties[])(void) = { owner, user, locker, loader, reader, device_user };
#define PARTIES (sizeof(parties) / sizeof(parties[0]))
#define LOADER 3

static pid_t start(size_t i)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (kplug_device_open(at->name, NULL, &dev))
		_exit(1);
	for (;;) {
		if (parties[i]())
			__atomic_add_fetch(&rounds[i], 1, __ATOMIC_RELAXED);
	}
}

static void finish(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* --- what is left */

static bool nothing_left(void *arg)
{
	struct kplug_device *own = arg;
	struct kplug_info info;

	assert_ok(kplug_device_info(own, &info));
	return !info.out_buffers && !info.out_locked && info.out_opens == 1;
}

static void check_left(long before)
{
	struct kplug_device *own = rig_open(at);
	struct kplug_buffer *buf;
	struct kplug_info info;

	kplug_plugin_unload(own);
	rig_until(nothing_left, own);
	assert_ok(kplug_device_info(own, &info));
	before -= info.out_quarantined >> 10; /* until the device is reset or removed: see quarantine.c */
	rig_until(memory_is_back, &before);
	buf = rig_buffer(own, "shared", BYTES);
	assert_int_equal(*(uint8_t *)kplug_buffer_ptr(buf), 0);
	rig_load(own, "count", "shared");
	assert_ok(kplug_plugin_unload(own));
	kplug_buffer_free(buf);
	rig_until(nothing_left, own);
	kplug_device_close(own);
}

/* The loader is so much slower than the others that it would be killed before it has loaded anything. */
static void let_it_load(void)
{
	uint64_t before = __atomic_load_n(&rounds[LOADER], __ATOMIC_RELAXED);
	int i;

	for (i = 0; i < 500 && __atomic_load_n(&rounds[LOADER], __ATOMIC_RELAXED) == before; i++)
		usleep(10000);
}

/* Each of them its part, at least once: a slow machine must not decide. */
static bool all_did(void)
{
	size_t i;

	for (i = 0; i < PARTIES; i++)
		if (!__atomic_load_n(&rounds[i], __ATOMIC_RELAXED))
			return false;
	return true;
}

static void at_random_moments(void)
{
	struct chance c = chance_stream(chance_seed(), 0);
	unsigned long kills = chance_budget("KPLUG_KILLS", 100), i;
	pid_t pids[PARTIES];
	long before;
	size_t p;

	rounds = mmap(NULL, sizeof(*rounds) * PARTIES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(rounds, MAP_FAILED);
	before = memory_available_kib();
	for (p = 0; p < PARTIES; p++)
		pids[p] = start(p);
	for (i = 0; i < kills || !all_did(); i++) {
		size_t victim = chance_below(&c, PARTIES);

		if (chance_once_in(&c, 16))
			let_it_load();
		usleep(chance_below(&c, 30000));
		finish(pids[victim]);
		pids[victim] = start(victim);
	}
	for (p = 0; p < PARTIES; p++)
		finish(pids[p]);
	printf("# %lu killed; rounds:", i + PARTIES);
	for (p = 0; p < PARTIES; p++)
		printf(" %llu", (unsigned long long)rounds[p]);
	printf("\n");
	check_left(before);
	munmap(rounds, sizeof(*rounds) * PARTIES);
}

int main(void)
{
	static const struct rig_test tests[] = { TEST(at_random_moments) };

	/* Locks of any memory succeed there, wherever it is. */
	return RIG_RUN(tests, rig_any_memory(), .closed = true);
}
